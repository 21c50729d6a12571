#include "connectors/gohighlevel/sandbox/shop.hpp"

#include <algorithm>
#include <array>

#include "connectors/gohighlevel/sandbox/limits.hpp"

namespace lockstep::gohighlevel::sandbox {
namespace {

constexpr Property number(std::string_view name) { return {name, Kind::number}; }

constexpr Property kOrder[] = {{"contactId"},
                               {"currency"},
                               number("amount"),
                               number("subtotal"),
                               number("discount"),
                               {"status"},
                               {"liveMode", Kind::boolean},
                               {"fulfillmentStatus"},
                               {"sourceType"},
                               {"sourceSubType"},
                               {"sourceName"},
                               {"sourceId"},
                               {"couponCode"},
                               {"items", Kind::objects},
                               {"createdAt"}};
constexpr Property kTransaction[] = {{"contactId"},
                                     {"currency"},
                                     number("amount"),
                                     number("amountRefunded"),
                                     {"status"},
                                     {"liveMode", Kind::boolean},
                                     {"entityType"},
                                     {"entityId"},
                                     {"entitySourceType"},
                                     {"entitySourceSubType"},
                                     {"entitySourceName"},
                                     {"entitySourceId"},
                                     {"subscriptionId"},
                                     {"chargeId"},
                                     {"paymentProviderType"},
                                     {"paymentMethod", Kind::object},
                                     {"fulfilledAt"},
                                     {"createdAt"}};
constexpr std::string_view kProductTypes[] = {"DIGITAL", "PHYSICAL", "SERVICE", "PHYSICAL/DIGITAL"};
constexpr Property kProduct[] = {{"name"},
                                 {"productType", Kind::text, Need::optional, Null::refused, {}, kProductTypes},
                                 {"description"},
                                 {"image"},
                                 {"statementDescriptor"},
                                 {"slug"},
                                 {"availableInStore", Kind::boolean}};
constexpr Property kReviewer[] = {
    {"name", Kind::text, Need::required}, {"email", Kind::text, Need::required}, {"phone"}};
constexpr Property kReview[] = {number("rating"),
                                {"headline"},
                                {"detail"},
                                {"status"},
                                {"productId"},
                                {"contactId"},
                                {"user", Kind::object, Need::optional, Null::refused, kReviewer},
                                {"createdAt"}};

constexpr std::array<ShopWords, kShopKinds> kWords = {{{"order", "orders", kOrder},
                                                       {"transaction", "transactions", kTransaction},
                                                       {"product", "products", kProduct},
                                                       {"review", "reviews", kReview}}};

ShopShelf& shelf(Location& location, ShopKind kind) { return location.shop[static_cast<std::size_t>(kind)]; }
const ShopShelf& shelf(const Location& location, ShopKind kind) {
  return location.shop[static_cast<std::size_t>(kind)];
}

// 24 hexadecimal digits, as the vendor's shops have.
std::string make_shop_id(Crm& crm) {
  std::string id;
  for (const char c : crm.make_uuid()) {
    if (c != '-' && id.size() < 24) id += c;
  }
  return id;
}

Outcome<void> apply(ShopItem& item, ShopKind kind, const JsonObject& body) {
  const auto problems = validate(body, words_of(kind).schema);
  if (!problems.empty()) return std::unexpected(unprocessable(problems));
  for (const auto& [name, value] : body) {
    if (name != "createdAt") {
      item.fields[name] = value;
      continue;
    }
    const auto time = parse_iso8601(value.get_string());
    if (!time) return std::unexpected(unprocessable("createdAt must be a valid ISO 8601 date string"));
    item.added = std::chrono::floor<std::chrono::milliseconds>(*time);
  }
  return {};
}

void fire(Crm& crm, std::string_view type, const Location& location, ShopKind kind, const ShopItem& item) {
  if (!crm.events().wants(type, location.settings.id)) return;
  crm.events().emit(type, location.settings.id, event_shape(item, kind, location), crm.now());
}

}  // namespace

const ShopWords& words_of(ShopKind kind) { return kWords[static_cast<std::size_t>(kind)]; }

Outcome<ShopItem> create_shop_item(Crm& crm, Location& location, ShopKind kind, const JsonObject& body, Quiet quiet) {
  if (shelf(location, kind).size() >= limits::records_max) return refuse(400, "The sandbox holds no more of these");
  ShopItem item;
  item.added = item.updated = crm.now();
  item.fields = {{"status", kind == ShopKind::order ? "pending" : "succeeded"}};
  if (kind == ShopKind::product) item.fields = {{"name", "Product"}, {"productType", "PHYSICAL"}};
  if (kind == ShopKind::review) item.fields = {{"status", "approved"}};
  if (auto applied = apply(item, kind, body); !applied) return std::unexpected(std::move(applied.error()));
  item.id = make_shop_id(crm);
  shelf(location, kind)[item.id] = item;
  if (quiet == Quiet::no && kind == ShopKind::order) fire(crm, "OrderCreate", location, kind, item);
  if (quiet == Quiet::no && kind == ShopKind::product) fire(crm, "ProductCreate", location, kind, item);
  return item;
}

Outcome<ShopItem> update_shop_item(Crm& crm, Location& location, ShopKind kind, std::string_view id,
                                   const JsonObject& body) {
  const auto found = shelf(location, kind).find(std::string(id));
  if (found == shelf(location, kind).end()) return refuse(400, "not found");
  ShopItem next = found->second;
  if (auto applied = apply(next, kind, body); !applied) return std::unexpected(std::move(applied.error()));
  next.updated = crm.now();
  const bool status = text_of(next.fields, "status") != text_of(found->second.fields, "status");
  found->second = next;
  // Of an order only its status is announced; whatever else changes is found by reading.
  if (kind == ShopKind::order && status) fire(crm, "OrderStatusUpdate", location, kind, next);
  if (kind == ShopKind::product) fire(crm, "ProductUpdate", location, kind, next);
  return next;
}

Outcome<ShopItem> delete_shop_item(Crm& crm, Location& location, ShopKind kind, std::string_view id) {
  const auto found = shelf(location, kind).find(std::string(id));
  if (found == shelf(location, kind).end()) return refuse(400, "not found");
  ShopItem gone = std::move(found->second);
  shelf(location, kind).erase(found);
  if (kind == ShopKind::product) fire(crm, "ProductDelete", location, kind, gone);
  return gone;
}

std::vector<const ShopItem*> listed(const Crm& crm, const Location& location, ShopKind kind, Duration lag) {
  std::vector<const ShopItem*> out;
  const Time visible = crm.now() - lag;
  for (const auto& [id, item] : shelf(location, kind)) {
    if (item.added <= visible) out.push_back(&item);
  }
  std::ranges::sort(
      out, [](const ShopItem* a, const ShopItem* b) { return std::tie(b->added, b->id) < std::tie(a->added, a->id); });
  return out;
}

std::size_t seed_shop(Crm& crm, Location& location, ShopKind kind, std::size_t count, Random& random) {
  static constexpr std::string_view kSources[] = {"funnel", "website", "invoice"};
  std::vector<std::string> people;
  for (const auto& [id, contact] : location.contacts) people.push_back(id);
  std::ranges::sort(people);
  std::vector<const ShopItem*> orders;
  for (const auto& [id, order] : shelf(location, ShopKind::order)) orders.push_back(&order);
  std::size_t made = 0;
  for (std::size_t i = 0; i < count; ++i) {
    JsonObject body;
    const double amount = static_cast<double>(1 + random.below(100'000)) / 100;
    if (!people.empty() && kind != ShopKind::product) body["contactId"] = people[random.below(people.size())];
    if (kind == ShopKind::order || kind == ShopKind::transaction) {
      body["currency"] = "USD";
      body["amount"] = amount;
      body["liveMode"] = true;
    }
    if (kind == ShopKind::order) {
      body["subtotal"] = amount;
      body["discount"] = 0;
      body["status"] = random.below(2) == 0 ? "pending" : "completed";
      body["fulfillmentStatus"] = "unfulfilled";
      body["sourceType"] = kSources[random.below(3)];
    } else if (kind == ShopKind::transaction) {
      body["paymentProviderType"] = "stripe";
      body["paymentMethod"] = JsonObject{{"card", JsonObject{{"brand", "visa"}, {"last4", "4242"}}}};
      body["entitySourceType"] = "funnel";
      if (!orders.empty()) {
        const ShopItem& order = *orders[random.below(orders.size())];
        body["entityType"] = "order";
        body["entityId"] = order.id;
        body["amount"] = order.fields.at("amount");
        if (order.fields.contains("contactId")) body["contactId"] = order.fields.at("contactId");
      }
    } else if (kind == ShopKind::product) {
      body["name"] = "Product " + std::to_string(i + 1);
      body["description"] = "What it is";
    } else {
      body["rating"] = 1 + random.below(5);
      body["headline"] = "Review " + std::to_string(i + 1);
      body["detail"] = "What somebody thinks of it";
      body["user"] = JsonObject{{"name", "Reviewer " + std::to_string(i + 1)}, {"email", "reviewer@example.com"}};
    }
    made += create_shop_item(crm, location, kind, body, Quiet::yes) ? 1 : 0;
  }
  return made;
}

}  // namespace lockstep::gohighlevel::sandbox
