// Where secrets come from: the process's environment and files. An argument, so that tests need neither.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/result.hpp"

namespace lockstep::app {

class Environment {
 public:
  virtual ~Environment() = default;
  virtual std::optional<std::string> variable(const std::string& name) const = 0;
  // The whole file. `not_found`, `unauthorized` when it may not be read, `exhausted` beyond bytes_limit.
  virtual Result<std::string> file(const std::string& path, std::size_t bytes_limit) const = 0;
};

class ProcessEnvironment final : public Environment {
 public:
  std::optional<std::string> variable(const std::string& name) const override;
  Result<std::string> file(const std::string& path, std::size_t bytes_limit) const override;
};

class FixedEnvironment final : public Environment {
 public:
  std::map<std::string, std::string> variables;
  std::map<std::string, std::string> files;

  std::optional<std::string> variable(const std::string& name) const override;
  Result<std::string> file(const std::string& path, std::size_t bytes_limit) const override;
};

}  // namespace lockstep::app
