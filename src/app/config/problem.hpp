// One mistake in the configuration, and the list that collects all of them.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace lockstep::app {

// Where something stands in the file, counted from 1; line 0: the file as a whole.
struct Mark {
  std::size_t line = 0;
  std::size_t column = 0;
  friend bool operator==(const Mark&, const Mark&) = default;
  friend auto operator<=>(const Mark&, const Mark&) = default;
};

// What a person must do about it; it decides the exit code.
enum class ProblemKind {
  mistake,      // the text is wrong: edit the file
  environment,  // the text is fine, the machine lacks something: a variable, a file
};

struct Problem {
  std::string file;
  Mark mark;
  std::string where;    // "sources[acme].entities.contact", "" at the top
  std::string message;  // what is wrong; no secrets (O4)
  std::string hint;     // what to do, "" when the message says it
  ProblemKind kind = ProblemKind::mistake;

  friend bool operator==(const Problem&, const Problem&) = default;
};

// "lockstep.yaml:12:7: sources[acme].systems.crm: unknown key "tokn"; did you mean "token"?"
std::string to_text(const Problem& problem);

// Collects up to config_problems_limit problems; counts the rest.
class Problems {
 public:
  explicit Problems(std::string file) : file_(std::move(file)) {}

  void add(Mark mark, std::string where, std::string message, std::string hint = {},
           ProblemKind kind = ProblemKind::mistake);
  bool empty() const { return found_.empty(); }
  std::size_t size() const { return found_.size() + left_out_; }
  // In the order of the file. When some were left out, the last one says how many.
  std::vector<Problem> take();

 private:
  std::string file_;
  std::vector<Problem> found_;  // in the order of the file
  std::size_t left_out_ = 0;
};

}  // namespace lockstep::app
