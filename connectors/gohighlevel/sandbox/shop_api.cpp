// The endpoints that read shops. Filters that are documented and not simulated are refused, so that nobody relies on them.
#include <algorithm>
#include <array>

#include "connectors/gohighlevel/sandbox/api.hpp"
#include "connectors/gohighlevel/sandbox/limits.hpp"
#include "connectors/gohighlevel/sandbox/shop.hpp"

namespace lockstep::gohighlevel::sandbox {
namespace {

constexpr std::string_view kNotSimulated[] = {"paymentStatus",    "paymentMode",       "search",
                                              "funnelProductIds", "sourceId",          "entitySourceType",
                                              "storeId",          "collectionIds",     "collectionSlug",
                                              "expand",           "productIds",        "entitySourceSubType",
                                              "sortField",        "includedInStore",   "availableInStore",
                                              "sortOrder",        "sendWishlistStatus"};
// Parameters that are compared with the member of the same name.
constexpr std::string_view kCompared[] = {"status", "contactId", "entityId", "subscriptionId", "productId"};

// The day that a parameter names, as its first moment in UTC; nothing when it is not there.
Outcome<std::optional<Time>> day(const wire::Target& target, std::string_view name) {
  const std::string_view text = target.parameter(name);
  if (text.empty()) return std::optional<Time>();
  const auto time = parse_iso8601(std::string(text) + "T00:00:00.000Z");
  if (!time || text.size() != 10)
    return std::unexpected(unprocessable(std::string(name) + " must be a date: YYYY-MM-DD"));
  return std::optional<Time>(*time);
}

struct Page {
  JsonArray items;
  std::size_t total = 0;
};

Outcome<Page> page_of(Api& api, const Call& call, ShopKind kind, std::string_view from, std::string_view to) {
  for (const std::string_view name : kNotSimulated) {
    if (call.target.has(name)) return refuse(400, "The sandbox does not simulate " + std::string(name));
  }
  const auto limit = query_integer(call.target, "limit", 1, limits::list_limit_max, limits::shop_limit_default);
  if (!limit) return std::unexpected(limit.error());
  const auto offset = query_integer(call.target, "offset", 0, static_cast<std::int64_t>(limits::records_max), 0);
  if (!offset) return std::unexpected(offset.error());
  const auto after = day(call.target, from);
  if (!after) return std::unexpected(after.error());
  const auto before = day(call.target, to);
  if (!before) return std::unexpected(before.error());
  std::vector<const ShopItem*> found = listed(api.crm, *call.location, kind, api.crm.rules().index_lag);
  std::erase_if(found, [&](const ShopItem* item) {
    if (*after && item->added < **after) return true;
    if (*before && item->added >= **before + std::chrono::days(1)) return true;
    if (call.target.has("rating")) {
      const Json* rating = item->fields.if_contains("rating");
      if (rating == nullptr || to_text(*rating) != call.target.parameter("rating")) return true;
    }
    return std::ranges::any_of(kCompared, [&](std::string_view name) {
      return call.target.has(name) && text_of(item->fields, name) != call.target.parameter(name);
    });
  });
  Page page;
  page.total = found.size();
  for (std::size_t i = static_cast<std::size_t>(*offset);
       i < found.size() && page.items.size() < static_cast<std::size_t>(*limit); ++i) {
    page.items.push_back(listed_shape(*found[i], kind, *call.location));
  }
  return page;
}

template <ShopKind kind>
Outcome<Answer> list_payments(Api& api, const Call& call) {
  auto page = page_of(api, call, kind, "startAt", "endAt");
  if (!page) return std::unexpected(page.error());
  return Answer{200, {{"data", std::move(page->items)}, {"totalCount", page->total}}};
}

// The total stands in a list (FACTS).
Outcome<Answer> list_products(Api& api, const Call& call) {
  auto page = page_of(api, call, ShopKind::product, "", "");
  if (!page) return std::unexpected(page.error());
  return Answer{200, {{"products", std::move(page->items)}, {"total", JsonArray{JsonObject{{"total", page->total}}}}}};
}

Outcome<Answer> list_reviews(Api& api, const Call& call) {
  auto page = page_of(api, call, ShopKind::review, "startDate", "endDate");
  if (!page) return std::unexpected(page.error());
  return Answer{200, {{"data", std::move(page->items)}, {"total", page->total}}};
}

// 400 for an unknown id, as documented ("Order not found").
template <ShopKind kind>
Outcome<Answer> get_one(Api&, const Call& call) {
  if (call.target.has("sendWishlistStatus")) return refuse(400, "The sandbox does not simulate sendWishlistStatus");
  const ShopShelf& items = call.location->shop[static_cast<std::size_t>(kind)];
  const auto found = items.find(call.path[0]);
  if (found == items.end()) {
    std::string name(words_of(kind).one);
    name.front() = static_cast<char>(name.front() - 'a' + 'A');
    return refuse(400, name + " not found");
  }
  return Answer{200, detail_shape(found->second, kind, *call.location)};
}

constexpr Route kRoutes[] = {
    {"GET", "/payments/orders", "payments/orders.readonly", Names::query_alt, list_payments<ShopKind::order>, nullptr,
     "locationId altId* status paymentStatus paymentMode startAt endAt search contactId funnelProductIds sourceId "
     "limit "
     "offset"},
    {"GET", "/payments/orders/{orderId}", "payments/orders.readonly", Names::query_alt, get_one<ShopKind::order>,
     nullptr, "locationId altId*"},
    {"GET", "/payments/transactions", "payments/transactions.readonly", Names::query_alt,
     list_payments<ShopKind::transaction>, nullptr,
     "locationId altId* altType* paymentMode startAt endAt entitySourceType entitySourceSubType search subscriptionId "
     "entityId contactId limit offset"},
    {"GET", "/payments/transactions/{transactionId}", "payments/transactions.readonly", Names::query_alt,
     get_one<ShopKind::transaction>, nullptr, "locationId altId* altType*"},
    {"GET", "/products/reviews", "products.readonly", Names::query_alt, list_reviews, nullptr,
     "altId* altType* limit offset sortField sortOrder rating startDate endDate productId storeId"},
    {"GET", "/products/", "products.readonly", Names::query, list_products, nullptr,
     "limit offset locationId* search collectionIds collectionSlug expand productIds storeId includedInStore "
     "availableInStore sortOrder"},
    {"GET", "/products/{productId}", "products.readonly", Names::query, get_one<ShopKind::product>, nullptr,
     "locationId* sendWishlistStatus"},
};

}  // namespace

std::span<const Route> shop_routes() { return kRoutes; }

}  // namespace lockstep::gohighlevel::sandbox
