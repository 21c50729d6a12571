#include "gateway/topics.hpp"

namespace lockstep::gateway {

TopicName TopicName::of(std::string_view name) {
  TopicName out;
  const std::size_t colon = name.find(':');
  if (colon == std::string_view::npos) return out;
  const std::string_view kind = name.substr(0, colon);
  std::string_view rest = name.substr(colon + 1);
  if (kind == "records") {
    out.kind = Kind::entries;
    const std::size_t second = rest.find(':');
    if (second != std::string_view::npos) out.entity = EntityName(std::string(rest.substr(second + 1)));
    rest = rest.substr(0, second);
  } else if (kind == "rows" || kind == "ghl") {
    out.kind = Kind::rows;
  } else {
    return out;
  }
  out.source = SourceId(std::string(rest));
  return out;
}

std::string room_topic(const Caller& caller, std::string_view name) {
  std::string out = "room:";
  if (caller.sees_all()) {
    out += '*';
  } else {
    for (const auto& [source, role] : caller.sources) out += source.str() + '\n';
    for (const auto& [source, names] : caller.businesses) {
      for (const std::string& business : names) out += to_text(JsonArray{source.str(), business}) + '\n';
    }
  }
  out += '\t';
  out += name;
  return out;
}

Result<void> may_join(const Identity& identity, const TopicName& topic, std::string_view name) {
  if (identity.caller && !topic.is_data()) return {};
  if (identity.caller && !topic.source.empty()) {
    const Caller& caller = *identity.caller;
    // Topics of rows promise all rows of their source, and come in batches.
    if (caller.may_read(topic.source)) return {};
    if (topic.kind == TopicName::Kind::entries && caller.may_see(topic.source)) return {};
  }
  return fail(ErrorKind::unauthorized,
              "Unauthorized: You do not have permissions to read from this Channel topic: " + std::string(name));
}

}  // namespace lockstep::gateway
