#include "connector/missed.hpp"

namespace lockstep::connector {

Task<void> note_missed(StatePort* state, std::vector<std::string>& done) {
  if (state == nullptr) co_return;
  Json reason("capture was set up: what changed before is not in it");
  Result<void> noted = co_await state->put(missed_state, std::move(reason));
  if (noted) co_return;
  done.push_back(
      "changes made before this were not captured: read the whole system once (it could not be noted for the server: " +
      noted.error().message + ")");
}

}  // namespace lockstep::connector
