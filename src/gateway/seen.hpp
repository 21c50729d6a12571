// What the dashboards have seen, as they say themselves: per source and reader the last journal entry that it has shown.
// Measured, not guessed from what was sent. Kept in the store, a little late and never backwards.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "gateway/identities.hpp"
#include "gateway/topics.hpp"

namespace lockstep::gateway {

class Seen {
 public:
  explicit Seen(Context& context);
  ~Seen();
  Seen(const Seen&) = delete;
  Seen& operator=(const Seen&) = delete;

  // `seq` as the reader sent it. `invalid` for what is no entry that exists, `unauthorized` for a foreign topic.
  Result<void> tell(const Identity& identity, const TopicName& topic, const Json& seq);

  struct Mark {
    Seq seq = 0;
    Time at;
  };
  // By reader.
  std::map<std::string, Mark> of(const SourceId& source) const;

 private:
  void write_later();
  void write();
  void take(const std::vector<sync::StateRow>& rows);

  Context& context_;
  struct Readers {
    std::map<std::string, Mark> marks;
    bool changed = false;
  };
  std::map<SourceId, Readers> sources_;
  std::optional<TimerId> timer_;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

JsonObject to_json(const std::map<std::string, Seen::Mark>& marks);

}  // namespace lockstep::gateway
