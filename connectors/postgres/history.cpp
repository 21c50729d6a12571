#include "connectors/postgres/history.hpp"

namespace lockstep::postgres {
namespace {

constexpr sync::Version kStep = sync::Version{1} << 48;  // 256 TiB of log on one server

}  // namespace

Sql<std::string> read_server(Session& session) {
  auto timeline = session.run("SELECT left(pg_walfile_name(pg_current_wal_insert_lsn()), 8)");
  if (!timeline) return std::unexpected(timeline.error());
  auto system = session.run("SELECT system_identifier::text FROM pg_control_system()");
  // Where a provider does not let us read it, the timeline alone tells a promotion.
  if (!system && system.error().state != "42501") return std::unexpected(system.error());
  return (system ? system->str(0, 0) : std::string()) + "/" + timeline->str(0, 0);
}

History::History(State known, std::function<void(const State&)> keep)
    : at_start_(known.server), keep_(std::move(keep)), state_(std::move(known)) {}

sync::Version History::base_of(const std::string& server) {
  const std::lock_guard lock(mutex_);
  if (state_.server == server) return state_.base;
  if (!state_.server.empty()) state_.base += kStep;
  state_.server = server;
  keep_(state_);
  return state_.base;
}

Json to_json(const History::State& state) { return {{"server", state.server}, {"base", state.base}}; }

History::State history_from(const Json& json) {
  History::State state;
  state.server = string_member(json, "server");
  const Json* base = find_member(json, "base");
  if (base != nullptr && base->is_number()) {
    boost::system::error_code not_one;
    const auto value = base->to_number<std::uint64_t>(not_one);
    if (!not_one) state.base = value;
  }
  return state;
}

}  // namespace lockstep::postgres
