#include "sync/converters.hpp"
#include "sync/mapping.hpp"
#include "sync/path.hpp"

namespace lockstep::sync {
namespace {

using Problems = std::vector<std::string>;

void check_place(const FieldBinding& binding, Problems& problems) {
  const bool writes = binding.direction != Direction::read;
  if (binding.path.empty()) {
    if (binding.read_expression.empty() || writes) problems.push_back("no path");
    return;
  }
  if (auto problem = check_path(binding.path)) {
    problems.push_back(*std::move(problem));
  } else if (writes && has_index(binding.path)) {
    problems.push_back("the path goes through an element of a list, which can only be read: set the direction to read");
  }
  if (!writes && !binding.read_expression.empty())
    problems.push_back("the path is not used: a read expression gives the value");
}

void check_converter(const FieldSchema& field, const FieldBinding& binding, Problems& problems) {
  if (binding.converter.empty()) {
    if (!binding.converter_options.is_null()) problems.push_back("options without a converter");
    return;
  }
  if (!binding.read_expression.empty() || !binding.write_expression.empty()) {
    problems.push_back("a converter and an expression: use one of them");
  }
  const Converter* converter = find_converter(binding.converter);
  if (converter == nullptr) {
    problems.push_back("unknown converter '" + binding.converter + "'");
    return;
  }
  if ((converter->types >> static_cast<unsigned>(field.type) & 1) == 0) {
    problems.push_back("converter '" + binding.converter + "' does not fit the field's type");
  }
  if (auto problem = converter->check(field, binding.converter_options)) {
    problems.push_back("converter '" + binding.converter + "' " + *problem);
  }
}

void check_expression(const std::string& name, const std::string& source, Expressions& expressions,
                      Problems& problems) {
  if (source.empty()) return;
  if (const auto compiled = expressions.check(source); !compiled)
    problems.push_back(name + ": " + compiled.error().message);
}

void check_expressions(const FieldBinding& binding, Problems& problems) {
  const bool has_read = !binding.read_expression.empty();
  const bool has_write = !binding.write_expression.empty();
  if (!has_read && !has_write) return;
  if (has_read && binding.direction == Direction::write)
    problems.push_back("the read expression is not used: the direction is write");
  if (has_write && binding.direction == Direction::read)
    problems.push_back("the write expression is not used: the direction is read");
  if (has_read && !has_write && binding.direction != Direction::read) {
    problems.push_back(
        "a read expression without a write expression: set the direction to read, or say how to write it");
  }
  Expressions expressions;
  check_expression("read expression", binding.read_expression, expressions, problems);
  check_expression("write expression", binding.write_expression, expressions, problems);
}

}  // namespace

std::vector<std::string> check_filter(const std::string& expression) {
  Problems problems;
  Expressions expressions;
  check_expression("filter", expression, expressions, problems);
  return problems;
}

std::vector<std::string> check_binding(const FieldSchema& field, const FieldBinding& binding) {
  Problems problems;
  if (field.name != binding.field)
    problems.push_back("binds the field '" + binding.field + "', not '" + field.name + "'");
  check_place(binding, problems);
  check_converter(field, binding, problems);
  check_expressions(binding, problems);
  return problems;
}

}  // namespace lockstep::sync
