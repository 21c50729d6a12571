// Orders, transactions, products and product reviews: what shops leave in a location. The API only reads them; people and
// shops make and change them through the control API.
#pragma once

#include <optional>
#include <span>

#include "connectors/gohighlevel/sandbox/crm.hpp"
#include "connectors/gohighlevel/sandbox/schema.hpp"

namespace lockstep::gohighlevel::sandbox {

struct ShopWords {
  std::string_view one;   // "order"
  std::string_view many;  // "orders"
  Schema schema;          // what a person may say of it
};
const ShopWords& words_of(ShopKind kind);

// Orders and products fire events, transactions and reviews none: no such event is documented.
Outcome<ShopItem> create_shop_item(Crm& crm, Location& location, ShopKind kind, const JsonObject& body,
                                   Quiet quiet = Quiet::no);
Outcome<ShopItem> update_shop_item(Crm& crm, Location& location, ShopKind kind, std::string_view id,
                                   const JsonObject& body);
Outcome<ShopItem> delete_shop_item(Crm& crm, Location& location, ShopKind kind, std::string_view id);

// Newest first. `lag`: younger ones are not in the lists yet.
std::vector<const ShopItem*> listed(const Crm& crm, const Location& location, ShopKind kind, Duration lag);

// Shapes: in lists, read by id, in events. Absent values are left out, never null.
JsonObject listed_shape(const ShopItem& item, ShopKind kind, const Location& location);
JsonObject detail_shape(const ShopItem& item, ShopKind kind, const Location& location);
JsonObject event_shape(const ShopItem& item, ShopKind kind, const Location& location);

// `count` of a kind, the same for the same randomness; orders and reviews of the location's contacts, transactions of
// its orders. The number made.
std::size_t seed_shop(Crm& crm, Location& location, ShopKind kind, std::size_t count, Random& random);

}  // namespace lockstep::gohighlevel::sandbox
