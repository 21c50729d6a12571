// Fetches the values that the configuration only points to.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/config/environment.hpp"
#include "app/config/node.hpp"
#include "app/config/shape.hpp"

namespace lockstep::app {

class Secrets {
 public:
  // `folder`: what {file: …} is relative to.
  Secrets(const Environment& environment, std::string folder, Problems& problems)
      : environment_(environment), folder_(std::move(folder)), problems_(problems) {}

  // The value behind {env: NAME} or {file: path}. nullopt when it is missing or empty, which is then a problem.
  std::optional<std::string> resolve(const Node& reference, const std::string& where);

  // The node as JSON, with every reference resolved. nullopt when one of them could not be.
  std::optional<Json> to_json(const Shape& shape, const Node& node, const std::string& where);

  // Every value resolved so far, each once.
  const std::vector<std::string>& values() const { return values_; }

 private:
  const Environment& environment_;
  std::string folder_;
  Problems& problems_;
  std::vector<std::string> values_;
};

}  // namespace lockstep::app
