// The program's log: lines for people on a terminal, one JSON object per line elsewhere.
//
// May be called from any thread. Every value goes through redact() (O4), and the secrets of the configuration are
// taken out of them wherever they occur.
#pragma once

#include <memory>
#include <shared_mutex>
#include <string>
#include <vector>

#include "app/config/config.hpp"
#include "base/log.hpp"

namespace spdlog {
class logger;
namespace sinks {
class sink;
}
}  // namespace spdlog

namespace lockstep::app {

struct LogSettings {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::automatic;
  std::vector<std::string> secrets;  // never written
};

class SpdlogLog final : public Log {
 public:
  // Writes to standard error.
  explicit SpdlogLog(LogSettings settings);
  // Writes to `sink`; `automatic` means text here.
  SpdlogLog(LogSettings settings, std::shared_ptr<spdlog::sinks::sink> sink);
  ~SpdlogLog() override;

  // More that is never written from now on: a reload brings new secrets, and the old ones stay hidden.
  void hide(std::vector<std::string> secrets);

  void write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) override;

 private:
  std::string clean(const LogField& field) const;

  LogSettings settings_;
  mutable std::shared_mutex mutex_;  // guards settings_.secrets
  std::shared_ptr<spdlog::logger> logger_;
};

}  // namespace lockstep::app
