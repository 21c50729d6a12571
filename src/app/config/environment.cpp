#include "app/config/environment.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace lockstep::app {

std::optional<std::string> ProcessEnvironment::variable(const std::string& name) const {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

Result<std::string> ProcessEnvironment::file(const std::string& path, std::size_t bytes_limit) const {
  std::error_code status_error;
  const auto status = std::filesystem::status(path, status_error);
  if (!std::filesystem::exists(status)) return fail(ErrorKind::not_found, fmt::format("there is no file {}", path));
  if (std::filesystem::is_directory(status)) return fail(ErrorKind::invalid, fmt::format("{} is a folder", path));
  std::ifstream input(path, std::ios::binary);
  if (!input) return fail(ErrorKind::unauthorized, fmt::format("{} cannot be read: {}", path, std::strerror(errno)));
  std::string text(bytes_limit + 1, '\0');
  input.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(input.gcount()));
  if (input.bad()) return fail(ErrorKind::unavailable, fmt::format("{} cannot be read", path));
  if (text.size() > bytes_limit) {
    return fail(ErrorKind::exhausted, fmt::format("{} is too large; the limit is {} bytes", path, bytes_limit));
  }
  return text;
}

std::optional<std::string> FixedEnvironment::variable(const std::string& name) const {
  const auto at = variables.find(name);
  if (at == variables.end()) return std::nullopt;
  return at->second;
}

Result<std::string> FixedEnvironment::file(const std::string& path, std::size_t bytes_limit) const {
  const auto at = files.find(path);
  if (at == files.end()) return fail(ErrorKind::not_found, fmt::format("there is no file {}", path));
  if (at->second.size() > bytes_limit) return fail(ErrorKind::exhausted, fmt::format("{} is too large", path));
  return at->second;
}

}  // namespace lockstep::app
