// Structured log lines: an event name and fields. Callers pass ids, counts and kinds, never
// secrets or personal data (O4); texts from outside systems go through redact() first.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace lockstep {

enum class LogLevel { debug, info, warning, error };

class LogField {
 public:
  LogField(std::string_view key, std::string_view value) : key_(key), value_(value) {}
  LogField(std::string_view key, const char* value) : key_(key), value_(value) {}
  LogField(std::string_view key, const std::string& value) : key_(key), value_(value) {}
  template <class T>
    requires std::is_arithmetic_v<T>
  LogField(std::string_view key, T value) : key_(key), value_(std::to_string(value)), is_number_(true) {}

  std::string_view key() const { return key_; }
  const std::string& value() const { return value_; }
  // The caller gave a count, a time or a sequence number. Digits that were given as text may be a phone number (O4).
  bool is_number() const { return is_number_; }

 private:
  std::string_view key_;
  std::string value_;
  bool is_number_ = false;
};

class Log {
 public:
  virtual ~Log() = default;
  virtual void write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) = 0;

  void debug(std::string_view event, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::debug, event, fields);
  }
  void info(std::string_view event, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::info, event, fields);
  }
  void warning(std::string_view event, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::warning, event, fields);
  }
  void error(std::string_view event, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::error, event, fields);
  }
};

// Says nothing: for tests and the simulator.
class SilentLog final : public Log {
 public:
  void write(LogLevel, std::string_view, std::initializer_list<LogField>) override {}
};

}  // namespace lockstep
