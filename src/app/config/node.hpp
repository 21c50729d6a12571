// The configuration file as a tree that remembers where everything stands. Aliases and merge keys ("<<") are already
// expanded.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/config/problem.hpp"
#include "base/json.hpp"

namespace lockstep::app {

struct Member;

// Scalars are typed by the core schema of YAML 1.2: true and false are booleans; yes, no, on and off are texts.
struct Node {
  enum class Kind { null, boolean, integer, decimal, text, list, map };

  Kind kind = Kind::null;
  std::string text;             // scalars: as written
  std::vector<Node> items;      // list
  std::vector<Member> members;  // map, in the order of the file, each key once
  Mark mark;

  const Node* find(std::string_view key) const;
  const Member* find_member(std::string_view key) const;
  bool is(Kind wanted) const { return kind == wanted; }
};

struct Member {
  std::string key;
  Mark mark;  // of the key
  Node value;
};

// "a list", "true or false", "a whole number", … for messages.
std::string_view to_string(Node::Kind kind);

// Integers that do not fit 64 bits become doubles.
Json to_json(const Node& node);

// Reads one YAML document. Adds what is wrong (syntax, duplicate keys, limits) to `problems`; the tree is what could be
// read, a null when nothing could.
Node parse_yaml(const std::string& text, Problems& problems);

}  // namespace lockstep::app
