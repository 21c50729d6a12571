#include "app/ports/vault.hpp"

#include "wire/signature.hpp"

namespace lockstep::app {
namespace {

bool is_secret(const sync::StateRow& row) { return row.key.starts_with(connector::stored_secret_prefix()); }

// Authenticated with the content: a box of one row opens in no other.
std::string place_of(const sync::StateRow& row) {
  return to_text(JsonArray{"lockstep state 1", row.source.str(), row.system.str(), row.key});
}

}  // namespace

std::string sealed_with(const Json& value) {
  const Json* version = find_member(value, "v");
  if (version == nullptr || *version != Json(1) || find_member(value, "box") == nullptr) return "";
  return std::string(string_member(value, "key"));
}

bool Vault::is_current(const Json& value) const { return sealed_with(value) == current_.name(); }

sync::StateRow Vault::seal(sync::StateRow clear) const {
  if (!is_secret(clear) || clear.value.is_null()) return clear;
  const std::string box = current_.seal(to_text(clear.value), place_of(clear));
  clear.value = JsonObject{{"v", 1}, {"key", current_.name()}, {"box", wire::base64_encode(box)}};
  return clear;
}

Result<Json> Vault::open(const sync::StateRow& row) const {
  if (!is_secret(row) || row.value.is_null()) return row.value;
  const auto box = wire::base64_decode(string_member(row.value, "box"));
  const auto opened_by = [&](const wire::SealingKey& key) -> std::optional<std::string> {
    if (!box || sealed_with(row.value) != key.name()) return std::nullopt;
    return key.open(*box, place_of(row));
  };
  std::optional<std::string> content = opened_by(current_);
  for (std::size_t i = 0; !content && i < older_.size(); ++i) content = opened_by(older_[i]);
  if (content) return parse_json(*content);
  return fail(ErrorKind::unauthorized, "the secret " + row.source.str() + " / " + row.system.str() + " / " + row.key +
                                           " does not open: its key is not here, or the row was changed");
}

sync::StateRow SealedState::row(const std::string& key, Json value) const {
  return {source_, system_, connector::stored_state_key(key), std::move(value)};
}

Task<Result<Json>> SealedState::get(std::string key) {
  Task<Result<Json>> getting = inner_->get(key);
  Result<Json> kept = co_await getting;
  if (!kept) co_return fail(kept.error());
  Result<Json> opened = vault_->open(row(key, std::move(*kept)));
  co_return opened;
}

Task<Result<void>> SealedState::put(std::string key, Json value) {
  sync::StateRow sealed = vault_->seal(row(key, std::move(value)));
  Task<Result<void>> putting = inner_->put(std::move(key), std::move(sealed.value));
  Result<void> stored = co_await putting;
  co_return stored;
}

}  // namespace lockstep::app
