// What shops and the people in them do: orders come, payments are made, products are edited, customers write reviews.
#include "connectors/gohighlevel/sandbox/control.hpp"
#include "connectors/gohighlevel/sandbox/shop.hpp"

namespace lockstep::gohighlevel::sandbox {
namespace {

JsonObject shown(const ShopItem& item, ShopKind kind, const Location& location) {
  JsonObject out = listed_shape(item, kind, location);
  out["id"] = item.id;
  return out;
}

Outcome<Answer> answer(const Outcome<ShopItem>& item, ShopKind kind, const Location& location, unsigned status) {
  if (!item) return std::unexpected(item.error());
  return Answer{status, {{words_of(kind).one, shown(*item, kind, location)}}};
}

template <ShopKind kind>
Outcome<Answer> list(Core& core, const ControlCall& call) {
  JsonArray items;
  for (const ShopItem* item : listed(core.crm, call.location, kind, Duration::zero()))
    items.push_back(shown(*item, kind, call.location));
  return Answer{200, {{"total", items.size()}, {words_of(kind).many, std::move(items)}}};
}

template <ShopKind kind>
Outcome<Answer> create(Core& core, const ControlCall& call) {
  return answer(create_shop_item(core.crm, call.location, kind, call.body), kind, call.location, 201);
}

template <ShopKind kind>
Outcome<Answer> update(Core& core, const ControlCall& call) {
  return answer(update_shop_item(core.crm, call.location, kind, call.path[0], call.body), kind, call.location, 200);
}

template <ShopKind kind>
Outcome<Answer> remove(Core& core, const ControlCall& call) {
  const auto gone = delete_shop_item(core.crm, call.location, kind, call.path[0]);
  if (!gone) return std::unexpected(gone.error());
  return Answer{200, {{"deleted", true}}};
}

constexpr ControlRoute kRoutes[] = {
    {"GET", "/_sandbox/orders", list<ShopKind::order>},
    {"POST", "/_sandbox/orders", create<ShopKind::order>},
    {"PUT", "/_sandbox/orders/{id}", update<ShopKind::order>},
    {"DELETE", "/_sandbox/orders/{id}", remove<ShopKind::order>},
    {"GET", "/_sandbox/transactions", list<ShopKind::transaction>},
    {"POST", "/_sandbox/transactions", create<ShopKind::transaction>},
    {"PUT", "/_sandbox/transactions/{id}", update<ShopKind::transaction>},
    {"DELETE", "/_sandbox/transactions/{id}", remove<ShopKind::transaction>},
    {"GET", "/_sandbox/products", list<ShopKind::product>},
    {"POST", "/_sandbox/products", create<ShopKind::product>},
    {"PUT", "/_sandbox/products/{id}", update<ShopKind::product>},
    {"DELETE", "/_sandbox/products/{id}", remove<ShopKind::product>},
    {"GET", "/_sandbox/reviews", list<ShopKind::review>},
    {"POST", "/_sandbox/reviews", create<ShopKind::review>},
    {"PUT", "/_sandbox/reviews/{id}", update<ShopKind::review>},
    {"DELETE", "/_sandbox/reviews/{id}", remove<ShopKind::review>},
};

}  // namespace

std::span<const ControlRoute> control_shop_routes() { return kRoutes; }

}  // namespace lockstep::gohighlevel::sandbox
