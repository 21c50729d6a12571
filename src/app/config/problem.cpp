#include "app/config/problem.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "app/config/limits.hpp"

namespace lockstep::app {

std::string to_text(const Problem& problem) {
  std::string text = problem.file;
  if (problem.mark.line > 0) text += fmt::format(":{}:{}", problem.mark.line, problem.mark.column);
  text += ": ";
  if (!problem.where.empty()) text += problem.where + ": ";
  text += problem.message;
  if (!problem.hint.empty()) text += "; " + problem.hint;
  return text;
}

void Problems::add(Mark mark, std::string where, std::string message, std::string hint, ProblemKind kind) {
  if (found_.size() >= config_problems_limit) {
    ++left_out_;
    return;
  }
  Problem problem{file_, mark, std::move(where), std::move(message), std::move(hint), kind};
  // A template used by many tenants has its mistake once.
  const bool known = std::ranges::any_of(
      found_, [&](const Problem& other) { return other.mark == problem.mark && other.message == problem.message; });
  if (known) return;
  const auto at = std::ranges::upper_bound(found_, problem.mark, {}, &Problem::mark);
  found_.insert(at, std::move(problem));
}

std::vector<Problem> Problems::take() {
  if (left_out_ > 0) {
    found_.push_back(
        {file_, {}, {}, fmt::format("{} more problems are not shown", left_out_), {}, ProblemKind::mistake});
  }
  left_out_ = 0;
  return std::exchange(found_, {});
}

}  // namespace lockstep::app
