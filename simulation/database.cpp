#include "simulation/database.hpp"

#include <set>

#include "base/assert.hpp"

namespace lockstep::simulation {
namespace {

std::string column(sqlite3_stmt* row, int index) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(row, index));
  return text == nullptr ? "" : text;
}

Json json_of(const std::string& text) {
  auto parsed = parse_json(text);
  return parsed ? std::move(*parsed) : Json();
}

Values contact_values(sqlite3_stmt* row) {
  Values out;
  put_value(out, "email", canonical_email(column(row, 1)));
  put_value(out, "phone", canonical_phone(column(row, 2)));
  put_value(out, "first_name", canonical_text(column(row, 3)));
  put_value(out, "last_name", canonical_text(column(row, 4)));
  put_value(out, "city", canonical_text(column(row, 5)));
  const Json tags = json_of(column(row, 6));
  put_tags(out, &tags);
  return out;
}

Values deal_values(sqlite3_stmt* row) {
  Values out;
  put_value(out, "name", canonical_text(column(row, 1)));
  put_value(out, "status", canonical_text(column(row, 2)));
  put_value(out, "stage", column(row, 3));
  put_value(out, "contact", column(row, 4));
  put_value(out, "amount", canonical_amount(Json(column(row, 5))));
  return out;
}

constexpr const char* kContacts = "SELECT id, email, phone, first_name, last_name, city, tags FROM contacts";
constexpr const char* kDeals = "SELECT id, name, status, stage, contact, amount FROM deals";

}  // namespace

BusinessDatabase::BusinessDatabase(SimDisk& disk, const Clock& clock, std::uint64_t seed, History& history)
    : clock_(clock), history_(history), vfs_("lockstep-people", {{"", &disk}}, clock, seed) {
  people_ = open();
  watcher_ = open();
}

BusinessDatabase::~BusinessDatabase() {
  for (auto& [kind, select] : selects_) sqlite3_finalize(select);
  sqlite3_finalize(version_);
  sqlite3_close(watcher_);
  sqlite3_close(people_);
}

sqlite3* BusinessDatabase::open() {
  sqlite3* raw = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  const int code = sqlite3_open_v2(kDatabasePath, &raw, flags, vfs_.name().c_str());
  LOCKSTEP_ASSERT(code == SQLITE_OK, "people can open their own file");
  sqlite3_exec(raw, "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; PRAGMA temp_store = MEMORY", nullptr,
               nullptr, nullptr);
  return raw;
}

bool BusinessDatabase::act(const std::string& sql, const std::vector<std::string>& values) {
  sqlite3_stmt* statement = nullptr;
  int code = sqlite3_prepare_v2(people_, sql.c_str(), -1, &statement, nullptr);
  for (std::size_t i = 0; i < values.size() && code == SQLITE_OK; ++i) {
    code = sqlite3_bind_text(statement, static_cast<int>(i) + 1, values[i].data(), static_cast<int>(values[i].size()),
                             SQLITE_TRANSIENT);
  }
  if (code == SQLITE_OK) code = sqlite3_step(statement);
  sqlite3_finalize(statement);
  if (!held_) watch(Hand::person);
  return code == SQLITE_DONE || code == SQLITE_ROW;
}

bool BusinessDatabase::hold() {
  held_ = sqlite3_exec(people_, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK;
  return held_;
}

void BusinessDatabase::let_go() {
  if (!held_) return;
  held_ = false;
  sqlite3_exec(people_, "COMMIT", nullptr, nullptr, nullptr);
  watch(Hand::person);
}

void BusinessDatabase::watch(Hand by) {
  if (!watching_) return;
  if (version_ == nullptr) {
    sqlite3_prepare_v2(watcher_, "PRAGMA data_version", -1, &version_, nullptr);
    sqlite3_prepare_v2(watcher_, kContacts, -1, &selects_[Kind::contact], nullptr);
    sqlite3_prepare_v2(watcher_, kDeals, -1, &selects_[Kind::deal], nullptr);
  }
  const int code = sqlite3_step(version_);
  LOCKSTEP_ASSERT(code == SQLITE_ROW, "reading waits for nobody");
  const std::int64_t version = sqlite3_column_int64(version_, 0);
  sqlite3_reset(version_);
  if (version == seen_version_) return;
  seen_version_ = version;
  watch_kind(Kind::contact, by);
  watch_kind(Kind::deal, by);
}

void BusinessDatabase::watch_kind(Kind kind, Hand by) {
  sqlite3_stmt* select = selects_[kind];
  std::set<std::string> there;
  while (sqlite3_step(select) == SQLITE_ROW) {
    std::string id = column(select, 0);
    history_.note({Side::db, kind, id}, clock_.now(), by, true,
                  kind == Kind::contact ? contact_values(select) : deal_values(select));
    there.insert(std::move(id));
  }
  sqlite3_reset(select);
  for (const ObjectId& object : history_.alive(Side::db, kind)) {
    if (!there.contains(object.id)) history_.note(object, clock_.now(), by, false, {});
  }
}

}  // namespace lockstep::simulation
