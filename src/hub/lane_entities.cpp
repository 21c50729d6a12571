// In which order the entities of a system are read: what others refer to comes first, so that references find their
// targets.
#include <algorithm>

#include "hub/lane.hpp"

namespace lockstep::hub {
namespace {

bool refers_to(const sync::EntitySchema& entity, const sync::EntitySchema& other) {
  return entity.name != other.name && std::ranges::any_of(entity.fields, [&](const sync::FieldSchema& field) {
           return field.type == sync::FieldType::reference && field.target == other.name;
         });
}

}  // namespace

std::vector<const sync::EntitySchema*> Lane::entities_in_order() const {
  std::vector<const sync::EntitySchema*> out;
  for (const Group& group : entities_in_groups([](const sync::EntitySchema&) { return true; }))
    out.insert(out.end(), group.begin(), group.end());
  return out;
}

std::vector<Lane::Group> Lane::entities_in_groups(const std::function<bool(const sync::EntitySchema&)>& wanted) const {
  std::vector<Group> out;
  Group left;
  const sync::SourceSchema* schema = context_.catalog()->find(source());
  if (schema == nullptr) return out;
  for (const sync::EntitySchema& entity : schema->entities) {
    if (entity.binding(system()) != nullptr && wanted(entity)) left.push_back(&entity);
  }
  while (!left.empty()) {
    Group next;
    for (const sync::EntitySchema* entity : left) {
      const bool ready = std::ranges::none_of(left, [&](const auto* other) { return refers_to(*entity, *other); });
      if (ready && next.size() < context_.limits.pulls_parallel_limit) next.push_back(entity);
    }
    if (next.empty()) next.push_back(left.front());  // a circle of references: any order will do
    std::erase_if(left, [&](const auto* entity) { return std::ranges::find(next, entity) != next.end(); });
    out.push_back(std::move(next));
  }
  return out;
}

Task<void> Lane::all_ended(TaskScope& together) {
  if (together.idle()) co_return;
  co_await completion<std::monostate>([&](Completion<std::monostate>::Done done) {
    // Posted: the last task's frame is still on the stack, and what awaits destroys the scope.
    together.on_idle([this, done = std::move(done)]() mutable {
      context_.loop.post([done = std::move(done)]() mutable { done({}); });
    });
  });
}

}  // namespace lockstep::hub
