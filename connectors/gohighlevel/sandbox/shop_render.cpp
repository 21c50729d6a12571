// Shop items in the shapes of lists, reads and events, which differ (FACTS: list items are flat, orders read by id nest).
#include "connectors/gohighlevel/sandbox/render.hpp"
#include "connectors/gohighlevel/sandbox/shop.hpp"

namespace lockstep::gohighlevel::sandbox {
namespace {

void put(JsonObject& out, std::string_view name, const JsonObject& from, std::string_view other) {
  if (const Json* value = from.if_contains(other)) out[name] = *value;
}

// Moves `from`'s members into an object of their own: sourceType -> source.type.
void nest(JsonObject& out, std::string_view name, const JsonObject& from,
          std::initializer_list<std::pair<std::string_view, std::string_view>> members) {
  JsonObject nested;
  for (const auto& [inner, outer] : members) {
    put(nested, inner, from, outer);
    out.erase(outer);
  }
  if (!nested.empty()) out[name] = std::move(nested);
}

JsonObject common(const ShopItem& item, ShopKind kind, const Location& location) {
  JsonObject out = item.fields;
  out["_id"] = item.id;
  if (kind == ShopKind::product) {
    out["locationId"] = location.settings.id;
  } else {
    out["altId"] = location.settings.id;
    out["altType"] = "location";
  }
  out["createdAt"] = to_iso8601(item.added);
  out["updatedAt"] = to_iso8601(item.updated);
  return out;
}

const Contact* buyer(const ShopItem& item, const Location& location) {
  const auto found = location.contacts.find(std::string(text_of(item.fields, "contactId")));
  return found == location.contacts.end() ? nullptr : found->second.get();
}

}  // namespace

JsonObject listed_shape(const ShopItem& item, ShopKind kind, const Location& location) {
  JsonObject out = common(item, kind, location);
  if (kind == ShopKind::order || kind == ShopKind::transaction) {
    if (const Contact* contact = buyer(item, location)) {
      out["contactName"] = contact->full_name();
      out["contactEmail"] = contact->text("email");
    }
  }
  if (kind == ShopKind::order) {
    const Json* items = item.fields.if_contains("items");
    out["totalProducts"] = items == nullptr ? 0 : items->get_array().size();
    out.erase("items");
  }
  return out;
}

JsonObject detail_shape(const ShopItem& item, ShopKind kind, const Location& location) {
  JsonObject out = common(item, kind, location);
  if (kind == ShopKind::order) {
    nest(out, "amountSummary", item.fields, {{"subtotal", "subtotal"}, {"discount", "discount"}});
    nest(out, "source", item.fields,
         {{"type", "sourceType"}, {"subType", "sourceSubType"}, {"id", "sourceId"}, {"name", "sourceName"}});
    nest(out, "coupon", item.fields, {{"code", "couponCode"}});
  }
  if (kind == ShopKind::transaction) {
    nest(out, "entitySource", item.fields,
         {{"type", "entitySourceType"},
          {"subType", "entitySourceSubType"},
          {"id", "entitySourceId"},
          {"name", "entitySourceName"}});
    nest(out, "paymentProvider", item.fields, {{"type", "paymentProviderType"}});
    out.erase("paymentMethod");  // not documented for this shape
    out.erase("fulfilledAt");
  }
  if (kind == ShopKind::order || kind == ShopKind::transaction) {
    if (const Contact* contact = buyer(item, location)) out["contactSnapshot"] = contact_event(*contact, location);
  }
  return out;
}

JsonObject event_shape(const ShopItem& item, ShopKind kind, const Location& location) {
  JsonObject out = detail_shape(item, kind, location);
  out["locationId"] = location.settings.id;
  return out;
}

}  // namespace lockstep::gohighlevel::sandbox
