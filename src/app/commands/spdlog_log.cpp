#include "app/commands/spdlog_log.hpp"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/ansicolor_sink.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <mutex>
#include <utility>

#include "base/json.hpp"
#include "connector/redact.hpp"

namespace lockstep::app {
namespace {

// Shorter ones would take ordinary words out of the log.
constexpr std::size_t secret_bytes_minimum = 6;

spdlog::level::level_enum level_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug: return spdlog::level::debug;
    case LogLevel::info: return spdlog::level::info;
    case LogLevel::warning: return spdlog::level::warn;
    case LogLevel::error: return spdlog::level::err;
  }
  return spdlog::level::info;
}

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug: return "debug";
    case LogLevel::info: return "info";
    case LogLevel::warning: return "warning";
    case LogLevel::error: return "error";
  }
  return "info";
}

bool is_plain(std::string_view value) {
  return !value.empty() &&
         std::ranges::all_of(value, [](char c) { return c > ' ' && c != '"' && c != '=' && c != '\x7f'; });
}

}  // namespace

SpdlogLog::SpdlogLog(LogSettings settings)
    : SpdlogLog(std::move(settings), std::make_shared<spdlog::sinks::ansicolor_stderr_sink_mt>()) {
  if (settings_.format == LogFormat::automatic && isatty(STDERR_FILENO) == 0) settings_.format = LogFormat::json;
  logger_->set_pattern(
      settings_.format == LogFormat::json ? "{\"time\":\"%Y-%m-%dT%H:%M:%S.%eZ\",%v}" : "%H:%M:%S.%e %^%-7l%$ %v",
      settings_.format == LogFormat::json ? spdlog::pattern_time_type::utc : spdlog::pattern_time_type::local);
}

SpdlogLog::SpdlogLog(LogSettings settings, std::shared_ptr<spdlog::sinks::sink> sink)
    : settings_(std::move(settings)), logger_(std::make_shared<spdlog::logger>("lockstep", std::move(sink))) {
  hide(std::exchange(settings_.secrets, {}));
  logger_->set_level(level_of(settings_.level));
  logger_->flush_on(spdlog::level::warn);
  logger_->set_pattern(
      settings_.format == LogFormat::json ? "{\"time\":\"%Y-%m-%dT%H:%M:%S.%eZ\",%v}" : "%H:%M:%S.%e %-7l %v",
      spdlog::pattern_time_type::utc);
}

SpdlogLog::~SpdlogLog() { logger_->flush(); }

void SpdlogLog::hide(std::vector<std::string> secrets) {
  const std::unique_lock lock(mutex_);
  std::vector<std::string>& all = settings_.secrets;
  std::ranges::move(secrets, std::back_inserter(all));
  std::erase_if(all, [](const std::string& secret) { return secret.size() < secret_bytes_minimum; });
  // A secret that contains another goes first.
  std::ranges::sort(all, [](const std::string& a, const std::string& b) {
    return std::pair(b.size(), std::string_view(a)) < std::pair(a.size(), std::string_view(b));
  });
  all.erase(std::unique(all.begin(), all.end()), all.end());
}

std::string SpdlogLog::clean(const LogField& field) const {
  if (field.is_number()) return field.value();
  std::string text = field.value();
  const std::shared_lock lock(mutex_);
  for (const auto& secret : settings_.secrets) {
    for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at))
      text.replace(at, secret.size(), "***");
  }
  return connector::redact(text);
}

void SpdlogLog::write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  if (!logger_->should_log(level_of(level))) return;
  std::string line;
  if (settings_.format == LogFormat::json) {
    JsonObject object{{"level", name_of(level)}, {"event", event}};
    for (const auto& field : fields) object[field.key()] = clean(field);
    line = to_text(Json(std::move(object)));
    line = line.substr(1, line.size() - 2);  // the pattern adds the braces and the time
  } else {
    line = event;
    for (const auto& field : fields) {
      const std::string value = clean(field);
      line += fmt::format(" {}={}", field.key(), is_plain(value) ? value : lockstep::to_text(Json(value)));
    }
  }
  // As an argument: the line is not a format.
  logger_->log(level_of(level), "{}", line);
}

}  // namespace lockstep::app
