// Tags, followers, notes and tasks of one contact.
#include <algorithm>

#include "connectors/gohighlevel/sandbox/api.hpp"
#include "connectors/gohighlevel/sandbox/limits.hpp"
#include "connectors/gohighlevel/sandbox/render.hpp"

namespace lockstep::gohighlevel::sandbox {
namespace {

std::vector<std::string> texts_of(const Json& list) {
  std::vector<std::string> out;
  for (const Json& item : list.get_array()) out.emplace_back(item.get_string());
  return out;
}

// --- tags and followers: unordered lists that are added to and removed from

struct ListChange {
  std::vector<std::string> list;
  std::vector<std::string> changed;
};

ListChange added(std::vector<std::string> list, const std::vector<std::string>& values) {
  ListChange out{std::move(list), {}};
  for (const std::string& value : values) {
    if (std::ranges::find(out.list, value) != out.list.end()) continue;
    out.list.push_back(value);
    out.changed.push_back(value);
  }
  return out;
}

ListChange removed(std::vector<std::string> list, const std::vector<std::string>& values) {
  ListChange out{std::move(list), {}};
  for (const std::string& value : values) {
    if (std::erase(out.list, value) > 0) out.changed.push_back(value);
  }
  return out;
}

Outcome<Answer> add_tags(Api& api, const Call& call) {
  const auto contact = api.crm.contact(*call.location, call.path[0]);
  if (!contact) return std::unexpected(contact.error());
  ListChange change =
      added((*contact)->tags, normal_tags(call.body.at("tags").get_array(), api.crm.rules().edits.tag_case));
  const auto after = api.crm.set_tags(*call.location, *contact, std::move(change.list), "contact.tags_add", Actor::api);
  return Answer{201, {{"tags", texts(after->tags)}, {"tagsAdded", texts(change.changed)}}};
}

Outcome<Answer> remove_tags(Api& api, const Call& call) {
  const auto contact = api.crm.contact(*call.location, call.path[0]);
  if (!contact) return std::unexpected(contact.error());
  ListChange change =
      removed((*contact)->tags, normal_tags(call.body.at("tags").get_array(), api.crm.rules().edits.tag_case));
  const auto after =
      api.crm.set_tags(*call.location, *contact, std::move(change.list), "contact.tags_remove", Actor::api);
  return Answer{200, {{"tags", texts(after->tags)}, {"tagsRemoved", texts(change.changed)}}};
}

Outcome<Answer> add_followers(Api& api, const Call& call) {
  const auto contact = api.crm.contact(*call.location, call.path[0]);
  if (!contact) return std::unexpected(contact.error());
  ListChange change = added((*contact)->followers, texts_of(call.body.at("followers")));
  if (change.list.size() > limits::followers_max)
    return std::unexpected(unprocessable("followers must contain no more than 10 elements"));
  const auto after = api.crm.set_followers(*call.location, *contact, std::move(change.list), Actor::api);
  return Answer{201, {{"followers", texts(after->followers)}, {"followersAdded", texts(change.changed)}}};
}

Outcome<Answer> remove_followers(Api& api, const Call& call) {
  const auto contact = api.crm.contact(*call.location, call.path[0]);
  if (!contact) return std::unexpected(contact.error());
  ListChange change = removed((*contact)->followers, texts_of(call.body.at("followers")));
  const auto after = api.crm.set_followers(*call.location, *contact, std::move(change.list), Actor::api);
  return Answer{200, {{"followers", texts(after->followers)}, {"followersRemoved", texts(change.changed)}}};
}

// --- notes and tasks

void set_text(std::string& member, const JsonObject& body, std::string_view name) {
  if (const Json* value = body.if_contains(name)) member = std::string_view(value->get_string());
}

void apply(Note& note, const JsonObject& body) {
  set_text(note.body, body, "body");
  set_text(note.user_id, body, "userId");
  set_text(note.title, body, "title");
  set_text(note.color, body, "color");
  if (const Json* pinned = body.if_contains("pinned")) note.pinned = pinned->get_bool();
}

void apply(ContactTask& task, const JsonObject& body) {
  set_text(task.title, body, "title");
  set_text(task.body, body, "body");
  set_text(task.assigned_to, body, "assignedTo");
  set_text(task.due_date, body, "dueDate");
  if (const Json* done = body.if_contains("completed"))
    task.state = done->get_bool() ? TaskState::completed : TaskState::open;
}

void fire(Api& api, const Call& call, std::string_view type, JsonObject payload) {
  if (api.crm.events().wants(type, call.location->settings.id)) {
    api.crm.events().emit(type, call.location->settings.id, std::move(payload), api.crm.now());
  }
}

template <class T>
struct Entry {
  std::vector<T>* list = nullptr;
  typename std::vector<T>::iterator at;
};

// path: the contact, then the note or task.
template <class T>
Outcome<Entry<T>> find_entry(Api& api, const Call& call, std::unordered_map<std::string, std::vector<T>>& lists,
                             std::string_view what) {
  const auto contact = api.crm.contact(*call.location, call.path[0]);
  if (!contact) return std::unexpected(contact.error());
  std::vector<T>& list = lists[(*contact)->id];
  const auto found = std::ranges::find(list, call.path[1], &T::id);
  if (found == list.end()) return refuse(400, std::string(what) + " with id " + call.path[1] + " not found");
  return Entry<T>{&list, found};
}

Outcome<Answer> list_notes(Api& api, const Call& call) {
  const auto contact = api.crm.contact(*call.location, call.path[0]);
  if (!contact) return std::unexpected(contact.error());
  JsonArray notes;
  for (const Note& note : call.location->notes[(*contact)->id]) notes.push_back(note_shape(note, (*contact)->id));
  return Answer{200, {{"notes", std::move(notes)}}};
}

Outcome<Answer> create_note(Api& api, const Call& call) {
  const auto contact = api.crm.contact(*call.location, call.path[0]);
  if (!contact) return std::unexpected(contact.error());
  auto& list = call.location->notes[(*contact)->id];
  if (list.size() >= limits::per_contact_max) return refuse(400, "Too many notes");
  Note note;
  apply(note, call.body);
  note.id = api.crm.make_id();
  note.added = api.crm.now();
  list.push_back(note);
  api.crm.wrote(Actor::api, "note.create");
  fire(api, call, "NoteCreate", note_event(note, (*contact)->id, *call.location));
  return Answer{201, {{"note", note_shape(note, (*contact)->id)}}};
}

Outcome<Answer> get_note(Api& api, const Call& call) {
  const auto entry = find_entry(api, call, call.location->notes, "Note");
  if (!entry) return std::unexpected(entry.error());
  return Answer{200, {{"note", note_shape(*entry->at, call.path[0])}}};
}

Outcome<Answer> update_note(Api& api, const Call& call) {
  const auto entry = find_entry(api, call, call.location->notes, "Note");
  if (!entry) return std::unexpected(entry.error());
  apply(*entry->at, call.body);
  api.crm.wrote(Actor::api, "note.update");
  fire(api, call, "NoteUpdate", note_event(*entry->at, call.path[0], *call.location));
  return Answer{200, {{"note", note_shape(*entry->at, call.path[0])}}};
}

Outcome<Answer> delete_note(Api& api, const Call& call) {
  const auto entry = find_entry(api, call, call.location->notes, "Note");
  if (!entry) return std::unexpected(entry.error());
  const Note note = *entry->at;
  entry->list->erase(entry->at);
  api.crm.wrote(Actor::api, "note.delete");
  fire(api, call, "NoteDelete", note_event(note, call.path[0], *call.location));
  return Answer{200, {{"succeded", true}}};
}

Outcome<Answer> list_tasks(Api& api, const Call& call) {
  const auto contact = api.crm.contact(*call.location, call.path[0]);
  if (!contact) return std::unexpected(contact.error());
  JsonArray tasks;
  for (const ContactTask& task : call.location->tasks[(*contact)->id])
    tasks.push_back(task_shape(task, (*contact)->id));
  return Answer{200, {{"tasks", std::move(tasks)}}};
}

Outcome<Answer> create_task(Api& api, const Call& call) {
  const auto contact = api.crm.contact(*call.location, call.path[0]);
  if (!contact) return std::unexpected(contact.error());
  auto& list = call.location->tasks[(*contact)->id];
  if (list.size() >= limits::per_contact_max) return refuse(400, "Too many tasks");
  ContactTask task;
  apply(task, call.body);
  task.id = api.crm.make_id();
  task.added = api.crm.now();
  list.push_back(task);
  api.crm.wrote(Actor::api, "task.create");
  fire(api, call, "TaskCreate", task_event(task, (*contact)->id, *call.location));
  return Answer{201, {{"task", task_shape(task, (*contact)->id)}}};
}

Outcome<Answer> get_task(Api& api, const Call& call) {
  const auto entry = find_entry(api, call, call.location->tasks, "Task");
  if (!entry) return std::unexpected(entry.error());
  return Answer{200, {{"task", task_shape(*entry->at, call.path[0])}}};
}

// Serves the update and the "completed" switch. Edits fire nothing: only the completion has an event.
Outcome<Answer> update_task(Api& api, const Call& call) {
  const auto entry = find_entry(api, call, call.location->tasks, "Task");
  if (!entry) return std::unexpected(entry.error());
  const TaskState before = entry->at->state;
  apply(*entry->at, call.body);
  api.crm.wrote(Actor::api, "task.update");
  if (before == TaskState::open && entry->at->state == TaskState::completed) {
    fire(api, call, "TaskComplete", task_event(*entry->at, call.path[0], *call.location));
  }
  return Answer{200, {{"task", task_shape(*entry->at, call.path[0])}}};
}

Outcome<Answer> delete_task(Api& api, const Call& call) {
  const auto entry = find_entry(api, call, call.location->tasks, "Task");
  if (!entry) return std::unexpected(entry.error());
  const ContactTask task = *entry->at;
  entry->list->erase(entry->at);
  api.crm.wrote(Actor::api, "task.delete");
  fire(api, call, "TaskDelete", task_event(task, call.path[0], *call.location));
  return Answer{200, {{"succeded", true}}};
}

constexpr Route kRoutes[] = {
    {"POST", "/contacts/{contactId}/tags", "contacts.write", Names::nothing, add_tags, &schemas::tags},
    {"DELETE", "/contacts/{contactId}/tags", "contacts.write", Names::nothing, remove_tags, &schemas::tags},
    {"POST", "/contacts/{contactId}/followers", "contacts.write", Names::nothing, add_followers, &schemas::followers},
    {"DELETE", "/contacts/{contactId}/followers", "contacts.write", Names::nothing, remove_followers,
     &schemas::followers},
    {"GET", "/contacts/{contactId}/notes", "contacts.readonly", Names::nothing, list_notes},
    {"POST", "/contacts/{contactId}/notes", "contacts.write", Names::nothing, create_note, &schemas::note_create},
    {"GET", "/contacts/{contactId}/notes/{id}", "contacts.readonly", Names::nothing, get_note},
    {"PUT", "/contacts/{contactId}/notes/{id}", "contacts.write", Names::nothing, update_note, &schemas::note_update},
    {"DELETE", "/contacts/{contactId}/notes/{id}", "contacts.write", Names::nothing, delete_note},
    {"GET", "/contacts/{contactId}/tasks", "contacts.readonly", Names::nothing, list_tasks},
    {"POST", "/contacts/{contactId}/tasks", "contacts.write", Names::nothing, create_task, &schemas::task_create},
    {"GET", "/contacts/{contactId}/tasks/{taskId}", "contacts.readonly", Names::nothing, get_task},
    {"PUT", "/contacts/{contactId}/tasks/{taskId}", "contacts.write", Names::nothing, update_task,
     &schemas::task_update},
    {"DELETE", "/contacts/{contactId}/tasks/{taskId}", "contacts.write", Names::nothing, delete_task},
    {"PUT", "/contacts/{contactId}/tasks/{taskId}/completed", "contacts.write", Names::nothing, update_task,
     &schemas::task_completed},
};

}  // namespace

std::span<const Route> contact_detail_routes() { return kRoutes; }

}  // namespace lockstep::gohighlevel::sandbox
