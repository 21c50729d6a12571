#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>

#include "app/config/limits.hpp"
#include "app/config/node.hpp"

namespace lockstep::app {
namespace {

// Ends the reading: yaml-cpp offers no other way out of its parser than an exception. Caught in parse_yaml().
struct Stop {};

Mark mark_of(const YAML::Mark& mark) {
  return {static_cast<std::size_t>(mark.line) + 1, static_cast<std::size_t>(mark.column) + 1};
}

bool is_integer(std::string_view text) {
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_decimal(std::string_view text) {
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  bool digits = false, point = false;
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '.' && !point)
      point = true;
    else if (c >= '0' && c <= '9')
      digits = true;
    else
      break;
  }
  if (!digits) return false;
  if (at == text.size()) return true;
  return (text[at] == 'e' || text[at] == 'E') && is_integer(text.substr(at + 1));
}

Node::Kind kind_of_plain(std::string_view text) {
  if (text == "true" || text == "false") return Node::Kind::boolean;
  if (is_integer(text)) return Node::Kind::integer;
  if (is_decimal(text)) return Node::Kind::decimal;
  return Node::Kind::text;
}

// Builds the tree from yaml-cpp's events. Anchored subtrees are copied where they are used, with their size and
// height counted before the copy, so that no input costs more than the limits.
class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(Problems& problems) : problems_(problems) {}

  Node take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1)
      refuse(mark_of(mark), "a second document begins here", "one file holds one: remove the \"---\"");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node node;
    node.mark = mark_of(mark);
    attach({std::move(node), 1, 1, anchor});
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto at = anchors_.find(anchor);
    if (at == anchors_.end()) refuse(mark_of(mark), "an alias inside its own anchor", "a tree cannot contain itself");
    count(at->second.size, mark_of(mark));
    if (stack_.size() + at->second.height > config_depth_limit) refuse_depth(mark_of(mark));
    Built copy = at->second;
    copy.anchor = 0;
    attach(std::move(copy), Counted::yes);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    if (value.size() > config_text_bytes_limit) {
      refuse(mark_of(mark), fmt::format("a text of {} bytes", value.size()),
             fmt::format("the limit is {}", config_text_bytes_limit));
    }
    Node node;
    node.mark = mark_of(mark);
    node.text = value;
    node.kind = tag == "?" || tag.empty() ? kind_of_plain(value) : Node::Kind::text;
    check_tag(tag, node.mark);
    attach({std::move(node), 1, 1, anchor});
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Node::Kind::list, mark_of(mark), tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Node::Kind::map, mark_of(mark), tag, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Built {
    Node node;
    std::size_t size = 1;
    std::size_t height = 1;
    YAML::anchor_t anchor = 0;
  };
  struct Frame {
    Built built;
    std::optional<Node> key;
    std::vector<Built> merges;  // the maps of "<<"
  };
  enum class Counted { no, yes };

  [[noreturn]] void refuse(Mark mark, std::string message, std::string hint) {
    problems_.add(mark, {}, std::move(message), std::move(hint));
    throw Stop{};
  }
  [[noreturn]] void refuse_depth(Mark mark) {
    refuse(mark, "nested too deeply", fmt::format("the limit is {} levels", config_depth_limit));
  }

  void count(std::size_t nodes, Mark mark) {
    nodes_ += nodes;
    if (nodes_ > config_nodes_limit) {
      refuse(mark, "too many values",
             fmt::format("the limit is {}, counted after aliases are expanded", config_nodes_limit));
    }
  }

  void check_tag(const std::string& tag, Mark mark) {
    if (tag.empty() || tag == "?" || tag == "!" || tag == "tag:yaml.org,2002:str") return;
    problems_.add(mark, {}, fmt::format("the tag \"{}\" means nothing here", tag.substr(0, 80)), "leave it out");
  }

  void open(Node::Kind kind, Mark mark, const std::string& tag, YAML::anchor_t anchor) {
    if (stack_.size() >= config_depth_limit) refuse_depth(mark);
    check_tag(tag, mark);
    Frame frame;
    frame.built.node.kind = kind;
    frame.built.node.mark = mark;
    frame.built.anchor = anchor;
    stack_.push_back(std::move(frame));
  }

  void close() {
    Frame frame = std::move(stack_.back());
    stack_.pop_back();
    for (auto& merge : frame.merges) merge_into(frame.built, merge);
    attach(std::move(frame.built));
  }

  void attach(Built built, Counted counted = Counted::no) {
    if (counted == Counted::no) count(1, built.node.mark);
    if (built.anchor != 0) anchors_[built.anchor] = built;
    if (stack_.empty()) {
      root_ = std::move(built.node);
      return;
    }
    Frame& parent = stack_.back();
    if (parent.built.node.kind == Node::Kind::list) {
      grow(parent.built, built);
      parent.built.node.items.push_back(std::move(built.node));
    } else if (!parent.key) {
      parent.key = std::move(built.node);
    } else {
      add_member(parent, std::move(*parent.key), std::move(built));
      parent.key.reset();
    }
  }

  static void grow(Built& parent, const Built& child) {
    parent.size += child.size;
    parent.height = std::max(parent.height, child.height + 1);
  }

  void add_member(Frame& frame, Node key, Built value) {
    if (key.kind == Node::Kind::list || key.kind == Node::Kind::map) {
      problems_.add(key.mark, {}, fmt::format("a key must be a text, not {}", to_string(key.kind)));
      return;
    }
    if (key.text == "<<") {
      add_merge(frame, key.mark, std::move(value));
      return;
    }
    const std::string name = key.kind == Node::Kind::null ? "null" : key.text;
    if (const Member* first = frame.built.node.find_member(name)) {
      problems_.add(key.mark, {}, fmt::format("\"{}\" is written twice", name),
                    fmt::format("the first one is at line {}", first->mark.line));
      return;
    }
    if (frame.built.node.members.size() >= config_members_limit) {
      refuse(key.mark, "too many keys in one map", fmt::format("the limit is {}", config_members_limit));
    }
    grow(frame.built, value);
    frame.built.node.members.push_back({name, key.mark, std::move(value.node)});
  }

  void add_merge(Frame& frame, Mark mark, Built value) {
    if (value.node.kind == Node::Kind::map) {
      frame.merges.push_back(std::move(value));
      return;
    }
    const bool maps = value.node.kind == Node::Kind::list &&
                      std::ranges::all_of(value.node.items, [](const Node& item) { return item.is(Node::Kind::map); });
    if (!maps) {
      problems_.add(mark, {}, "\"<<\" merges maps only", "write <<: *anchor, or <<: [*one, *two]");
      return;
    }
    for (auto& item : value.node.items) frame.merges.push_back({std::move(item), value.size, value.height, 0});
  }

  // Keys written in the map win over merged ones, earlier merges over later ones.
  static void merge_into(Built& target, Built& merge) {
    for (auto& member : merge.node.members) {
      if (target.node.find_member(member.key) != nullptr) continue;
      target.node.members.push_back(std::move(member));
    }
    target.size += merge.size;
    target.height = std::max(target.height, merge.height);
  }

  Problems& problems_;
  std::vector<Frame> stack_;
  std::map<YAML::anchor_t, Built> anchors_;
  std::size_t nodes_ = 0;
  std::size_t documents_ = 0;
  Node root_;
};

}  // namespace

Node parse_yaml(const std::string& text, Problems& problems) {
  if (text.size() > config_bytes_limit) {
    problems.add({}, {}, fmt::format("{} bytes are too many", text.size()),
                 fmt::format("the limit is {}", config_bytes_limit));
    return {};
  }
  TreeBuilder builder(problems);
  try {
    std::istringstream input(text);
    YAML::Parser parser(input);
    if (!parser.HandleNextDocument(builder)) {
      problems.add({}, {}, "the file is empty", "`lockstep init` writes one to start from");
      return {};
    }
    Node root = builder.take();
    parser.HandleNextDocument(builder);  // refuses a second one
    return root;
  } catch (const Stop&) {  // said why
  } catch (const YAML::Exception& error) {
    problems.add(mark_of(error.mark), {}, fmt::format("not valid YAML: {}", error.msg));
  }
  return {};
}

}  // namespace lockstep::app
