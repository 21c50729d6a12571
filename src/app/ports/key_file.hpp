// The file of the key that seals secrets, for installations that configure none. Made once, never overwritten.
#pragma once

#include <filesystem>
#include <optional>

#include "wire/sealed_box.hpp"

namespace lockstep::app {

// nullopt: there is no such file. `unauthorized`: others than the owner may read it, or it can not be read. `invalid`:
// it holds no key.
Result<std::optional<wire::SealingKey>> read_key_file(const std::filesystem::path& path);

// A new key in a new file, readable by the owner only, on the disk when this returns. `conflict`: there is one already.
Result<wire::SealingKey> make_key_file(const std::filesystem::path& path);

}  // namespace lockstep::app
