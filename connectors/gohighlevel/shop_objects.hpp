// Orders, transactions, products and reviews: read-only objects that the API lists by limit and offset. Pure.
//
// A document holds the names of the list's shape, whatever shape it came in (an order read by id nests what the list has
// flat), `id` for the vendor's `_id`, and everything else as it came. What a shape is known to carry and does not is
// null; what it may leave out stays absent (L4).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "connectors/gohighlevel/codec.hpp"

namespace lockstep::gohighlevel {

// How an object is read.
struct ShopObject {
  std::string_view name;   // "order"
  std::string list;        // the path of the list
  std::string location;    // parameters that name the location: "altId=…"
  std::string_view one;    // the path of a read by id, "/payments/orders/"; "" when the API has none
  std::string_view since;  // the parameter for the first day of creation; "" when there is none
  std::string_view scope;  // that a token needs
};

bool is_shop_object(std::string_view object);
ShopObject shop_object(std::string_view object, const ConnectorSettings& settings);

// The list in an answer: `data`, `products` or `reviews`; null when there is none.
const Json* shop_items(const Json& body);
// `totalCount`, `total`, or [{"total": n}]; nullopt when the answer has none.
std::optional<std::uint64_t> shop_total(const Json& body);

// Shapes: listed, full (read by id), event. `invalid` when there is no id.
Result<Decoded> decode_shop_object(std::string_view object, const Json& item, Shape shape);

}  // namespace lockstep::gohighlevel
