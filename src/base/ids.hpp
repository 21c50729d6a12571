// Ids are types: a SystemName can not be passed where a RecordId is meant.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

namespace lockstep {

template <class Tag>
class Name {
 public:
  Name() = default;
  explicit Name(std::string text) : text_(std::move(text)) {}

  const std::string& str() const { return text_; }
  bool empty() const { return text_.empty(); }

  friend bool operator==(const Name&, const Name&) = default;
  friend auto operator<=>(const Name&, const Name&) = default;

 private:
  std::string text_;
};

using SourceId = Name<struct SourceTag>;    // one tenant
using SystemName = Name<struct SystemTag>;  // one end that holds data, as named in the configuration: "crm", "db"
using EntityName = Name<struct EntityTag>;  // a kind of record: "contact"
using RecordId = Name<struct RecordTag>;    // the hub's own id of one real-world thing

// Position in the journal: 1, 2, 3 … without gaps; 0 means none.
using Seq = std::uint64_t;

}  // namespace lockstep

template <class Tag>
struct std::hash<lockstep::Name<Tag>> {
  std::size_t operator()(const lockstep::Name<Tag>& name) const noexcept {
    return std::hash<std::string>{}(name.str());
  }
};
