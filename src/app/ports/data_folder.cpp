#include "app/ports/data_folder.hpp"

namespace lockstep::app {

Result<void> make_data_folder(const std::string& folder) {
  std::error_code error;
  const bool created = std::filesystem::create_directories(folder, error);
  if (created) std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
  if (error) return fail(ErrorKind::unavailable, "cannot make the data folder '" + folder + "': " + error.message());
  return {};
}

std::filesystem::path store_file(const std::string& folder) { return std::filesystem::path(folder) / "lockstep.db"; }

std::filesystem::path key_file(const std::string& folder) { return std::filesystem::path(folder) / "secret.key"; }

}  // namespace lockstep::app
