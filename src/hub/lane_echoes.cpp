// Observations that may be the echo of a write on its way wait for its outcome.
#include "hub/lane.hpp"

namespace lockstep::hub {

void Lane::take_webhook(Submission submission) {
  last_seen_ = context_.loop.clock().now();
  std::vector<ObjectKey> keys = sending_of(submission.inputs);
  if (keys.empty() || stopping_) {
    context_.committer.submit(std::move(submission));
    return;
  }
  if (held_webhooks_ >= context_.limits.held_webhooks_limit) {
    submission.done(fail({ErrorKind::exhausted, "too much at once: send it again later", std::chrono::seconds(2)}));
    return;
  }
  ++held_webhooks_;
  tasks_.spawn(take_later(std::move(submission), std::move(keys)));
}

Task<void> Lane::take_later(Submission submission, std::vector<ObjectKey> keys) {
  co_await outcomes_of(std::move(keys));
  --held_webhooks_;
  context_.committer.submit(std::move(submission));
}

std::vector<Lane::ObjectKey> Lane::sending_of(const std::vector<sync::Input>& inputs) const {
  std::vector<ObjectKey> out;
  if (sending_.empty()) return out;
  for (const sync::Input& input : inputs) {
    const auto* change = std::get_if<sync::Change>(&input);
    if (change == nullptr) continue;
    ObjectKey key(change->object, change->external_id);
    if (sending_.contains(key)) out.push_back(std::move(key));
  }
  return out;
}

// A write that begins while we wait was not on its way when the object was observed: each is waited for once.
Task<void> Lane::outcomes_of(std::vector<ObjectKey> keys) {
  for (const ObjectKey& key : keys) {
    const auto at = sending_.find(key);
    if (at == sending_.end()) continue;
    co_await completion<std::monostate>(
        [&](Completion<std::monostate>::Done done) { at->second.push_back(std::move(done)); });
  }
}

void Lane::begin_sending(const connector::WriteRequest& request) {
  if (!request.external_id.empty()) sending_.try_emplace({request.object, request.external_id});
}

void Lane::end_sending(const connector::WriteRequest& request) {
  auto waiting = sending_.extract({request.object, request.external_id});
  if (waiting.empty()) return;
  for (auto& done : waiting.mapped()) done({});
}

}  // namespace lockstep::hub
