#include "app/ports/sealed_store.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "app/ports/data_folder.hpp"
#include "app/ports/key_file.hpp"

namespace lockstep::app {
namespace {

// Where the OAuth tokens stood in the clear before there were keys.
std::string former_token_key() { return connector::stored_state_key("oauth"); }
std::string token_key() { return connector::stored_secret_prefix() + "oauth"; }

struct Keys {
  std::filesystem::path file;  // where the key is, or would be made; "" when one is configured
  std::optional<wire::SealingKey> current;
  std::vector<wire::SealingKey> older;

  bool has(const std::string& name) const {
    return (current && current->name() == name) || std::ranges::count(older, name, &wire::SealingKey::name) > 0;
  }
};

Result<Keys> read_keys(const ServerConfig& server) {
  Keys keys;
  for (const std::string& text : server.sealing.old_keys) {
    LOCKSTEP_TRY(key, wire::SealingKey::parse(text));
    keys.older.push_back(std::move(key));
  }
  if (!server.sealing.key.empty()) {
    LOCKSTEP_TRY(key, wire::SealingKey::parse(server.sealing.key));
    keys.current = std::move(key);
    return keys;
  }
  keys.file = key_file(server.data_folder);
  LOCKSTEP_TRY(key, read_key_file(keys.file));
  keys.current = std::move(key);
  return keys;
}

// All rows that hold secrets, or held them once.
Result<std::vector<sync::StateRow>> secret_rows(store::Store& store) {
  const auto reader = store.open_reader();
  LOCKSTEP_TRY(rows, reader->states(connector::stored_secret_prefix()));
  LOCKSTEP_TRY(former, reader->states(former_token_key()));
  for (sync::StateRow& row : former) {
    if (row.key == former_token_key()) rows.push_back(std::move(row));
  }
  return std::move(rows);
}

// Sealed, and no key opens it: the key is missing, or somebody has changed the row.
bool is_lost(const sync::StateRow& row, const Keys& keys) {
  if (sealed_with(row.value).empty()) return false;
  std::vector<wire::SealingKey> all = keys.older;
  if (keys.current) all.push_back(*keys.current);
  if (all.empty()) return true;
  const wire::SealingKey first = all.front();
  return !Vault(first, std::move(all)).open(row);
}

std::unexpected<Error> lost(const sync::StateRow& row, const Keys& keys) {
  if (keys.has(sealed_with(row.value))) {
    return fail(ErrorKind::unauthorized,
                fmt::format("{} / {}: a secret was changed after it was sealed. `lockstep forget-secrets` removes it; "
                            "the system must then be connected again",
                            row.source.str(), row.system.str()));
  }
  const std::string held = keys.file.empty() ? "server.sealing.key is another one"
                           : keys.current    ? keys.file.string() + " holds another one"
                                             : "there is no " + keys.file.string();
  return fail(ErrorKind::unauthorized,
              fmt::format("{} / {}: a secret is sealed with the key {}, and {}. Put that key back, or name it in "
                          "server.sealing.old_keys. When it is lost for good, `lockstep forget-secrets` removes what "
                          "it has sealed; the systems must then be connected again",
                          row.source.str(), row.system.str(), sealed_with(row.value), held));
}

// What must change so that every secret is sealed with the current key.
Result<sync::Batch> seal_anew(const std::vector<sync::StateRow>& rows, const Vault& vault) {
  sync::Batch batch;
  for (const sync::StateRow& row : rows) {
    const bool moves = row.key == former_token_key();
    if (!moves && vault.is_current(row.value)) continue;
    sync::StateRow clear = row;
    if (!sealed_with(row.value).empty()) {
      LOCKSTEP_TRY(value, vault.open(row));
      clear.value = std::move(value);
    }
    if (moves) {
      batch.state.push_back({row.source, row.system, row.key, Json()});
      clear.key = token_key();
    }
    batch.state.push_back(vault.seal(std::move(clear)));
  }
  return batch;
}

Result<std::unique_ptr<store::SqliteStore>> open_store(const ServerConfig& server) {
  LOCKSTEP_CHECK(make_data_folder(server.data_folder));
  return store::open_sqlite_store({.path = store_file(server.data_folder)});
}

}  // namespace

Result<SealedStore> open_sealed_store(const ServerConfig& server) {
  LOCKSTEP_TRY(store, open_store(server));
  LOCKSTEP_TRY(keys, read_keys(server));
  LOCKSTEP_TRY(rows, secret_rows(*store));
  for (const sync::StateRow& row : rows) {
    if (is_lost(row, keys)) return lost(row, keys);
  }
  if (!keys.current) {
    LOCKSTEP_TRY(made, make_key_file(keys.file));
    keys.current = std::move(made);
  }
  const auto vault = std::make_shared<const Vault>(std::move(*keys.current), std::move(keys.older));
  LOCKSTEP_TRY(batch, seal_anew(rows, *vault));
  if (!batch.state.empty()) {
    LOCKSTEP_CHECK(store->commit(batch));
    // The log beside the store still holds the pages as they were: it goes when the store is closed.
    store.reset();
    LOCKSTEP_TRY(reopened, open_store(server));
    store = std::move(reopened);
  }
  return SealedStore{std::move(store), vault};
}

Result<std::size_t> forget_lost_secrets(const ServerConfig& server) {
  LOCKSTEP_TRY(store, open_store(server));
  LOCKSTEP_TRY(keys, read_keys(server));
  LOCKSTEP_TRY(rows, secret_rows(*store));
  sync::Batch batch;
  for (const sync::StateRow& row : rows) {
    if (is_lost(row, keys)) batch.state.push_back({row.source, row.system, row.key, Json()});
  }
  if (!batch.state.empty()) LOCKSTEP_CHECK(store->commit(batch));
  return batch.state.size();
}

}  // namespace lockstep::app
