#include "connectors/gohighlevel/shop_objects.hpp"

#include <algorithm>
#include <span>

#include "connectors/gohighlevel/codec_parts.hpp"
#include "wire/http.hpp"

namespace lockstep::gohighlevel {
namespace {

enum class Carried { always, listed, read };  // by lists and reads; by one of them only

struct Member {
  std::string_view name;
  Carried carried = Carried::always;
  std::string_view nested = {};  // where a read by id and an event hold it: "source.type"
};

// Sources: payments.json and products.json of the official OpenAPI files, and the documented order events.
constexpr Member kOrder[] = {{"contactId"},
                             {"currency"},
                             {"amount"},
                             {"status"},
                             {"liveMode"},
                             {"fulfillmentStatus"},
                             {"createdBy"},
                             {"subtotal", Carried::always, "amountSummary.subtotal"},
                             {"discount", Carried::always, "amountSummary.discount"},
                             {"sourceType", Carried::always, "source.type"},
                             {"sourceSubType", Carried::always, "source.subType"},
                             {"sourceName", Carried::always, "source.name"},
                             {"sourceId", Carried::always, "source.id"},
                             {"couponCode", Carried::always, "coupon.code"},
                             {"contactName", Carried::listed},
                             {"contactEmail", Carried::listed},
                             {"totalProducts", Carried::listed},
                             {"items", Carried::read}};
constexpr Member kTransaction[] = {{"contactId"},
                                   {"currency"},
                                   {"amount"},
                                   {"amountRefunded"},
                                   {"status"},
                                   {"liveMode"},
                                   {"entityType"},
                                   {"entityId"},
                                   {"subscriptionId"},
                                   {"chargeId"},
                                   {"createdBy"},
                                   {"entitySourceType", Carried::always, "entitySource.type"},
                                   {"entitySourceSubType", Carried::always, "entitySource.subType"},
                                   {"entitySourceName", Carried::always, "entitySource.name"},
                                   {"entitySourceId", Carried::always, "entitySource.id"},
                                   {"paymentProviderType", Carried::always, "paymentProvider.type"},
                                   {"contactName", Carried::listed},
                                   {"contactEmail", Carried::listed},
                                   {"paymentMethod", Carried::listed},
                                   {"fulfilledAt", Carried::listed},
                                   {"invoiceId", Carried::read},
                                   {"receiptId", Carried::read}};
constexpr Member kProduct[] = {
    {"name"},  {"productType"}, {"description"}, {"availableInStore"}, {"statementDescriptor"},
    {"image"}, {"slug"},        {"variants"}};
// Of reviews the files say only what an update takes; other names are those of the review lists of other shops.
constexpr Member kReview[] = {{"rating"},
                              {"headline"},
                              {"detail"},
                              {"status"},
                              {"productId"},
                              {"contactId"},
                              {"reviewerName", Carried::always, "user.name"},
                              {"reviewerEmail", Carried::always, "user.email"}};

std::span<const Member> members_of(std::string_view object) {
  if (object == kOrderObject) return kOrder;
  if (object == kTransactionObject) return kTransaction;
  if (object == kProductObject) return kProduct;
  return kReview;
}

const Json* nested_member(const Json& item, std::string_view path) {
  const auto dot = path.find('.');
  const Json* outer = find_member(item, path.substr(0, dot));
  return outer == nullptr || !outer->is_object() ? nullptr : find_member(*outer, path.substr(dot + 1));
}

bool carries(Carried carried, Shape shape) {
  if (shape == Shape::event) return false;
  return carried == Carried::always || (carried == Carried::listed) == (shape == Shape::listed);
}

}  // namespace

bool is_shop_object(std::string_view object) {
  return object == kOrderObject || object == kTransactionObject || object == kProductObject || object == kReviewObject;
}

ShopObject shop_object(std::string_view object, const ConnectorSettings& settings) {
  const std::string id = wire::percent_encode(settings.location_id);
  const std::string alt = "altId=" + id + "&altType=location";
  // Lists of orders are documented without altType, and unknown parameters are refused.
  if (object == kOrderObject)
    return {object, "/payments/orders", "altId=" + id, "/payments/orders/", "startAt", "payments/orders.readonly"};
  if (object == kTransactionObject) {
    return {object,    "/payments/transactions",        alt, "/payments/transactions/",
            "startAt", "payments/transactions.readonly"};
  }
  if (object == kProductObject)
    return {object, "/products/", "locationId=" + id, "/products/", "", "products.readonly"};
  return {object, settings.reviews_path, alt, "", "startDate", "products.readonly"};
}

const Json* shop_items(const Json& body) {
  for (const char* name : {"data", "products", "reviews"}) {
    if (const Json* items = find_member(body, name); items != nullptr && items->is_array()) return items;
  }
  return nullptr;
}

std::optional<std::uint64_t> shop_total(const Json& body) {
  const Json* total = find_member(body, "totalCount");
  if (total == nullptr) total = find_member(body, "total");
  if (total != nullptr && total->is_array() && !total->get_array().empty())
    total = find_member(total->get_array()[0], "total");
  if (total == nullptr || !total->is_int64() || total->get_int64() < 0) return std::nullopt;
  return static_cast<std::uint64_t>(total->get_int64());
}

Result<Decoded> decode_shop_object(std::string_view object, const Json& item, Shape shape) {
  Decoded out;
  out.id = string_member(item, "_id");
  if (out.id.empty()) out.id = string_member(item, "id");
  if (out.id.empty()) return fail(ErrorKind::invalid, "a " + std::string(object) + " without an id");
  JsonObject& document = out.document;
  for (const auto& member : item.get_object()) {
    if (member.key() != "_id" && member.key() != "traceId") document[member.key()] = member.value();
  }
  document["id"] = out.id;
  for (const Member& member : members_of(object)) {
    if (document.contains(member.name)) continue;
    const Json* nested = member.nested.empty() ? nullptr : nested_member(item, member.nested);
    if (nested != nullptr) {
      document[member.name] = *nested;
    } else if (carries(member.carried, shape)) {
      document[member.name] = nullptr;
    }
  }
  for (const char* name : {"createdAt", "updatedAt", "fulfilledAt"}) {
    if (const Json* time = document.if_contains(name)) document[name] = read_time(Json(*time));
  }
  out.version = read_version(document.if_contains("updatedAt"));
  // Never whole: what one shape carries another lacks, and an absence must not count as a value.
  out.extent = sync::Extent::partial;
  return out;
}

}  // namespace lockstep::gohighlevel
