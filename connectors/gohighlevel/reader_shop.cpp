// Reads of orders, transactions, products and reviews.
#include "connectors/gohighlevel/limits.hpp"
#include "connectors/gohighlevel/reader.hpp"

namespace lockstep::gohighlevel {

Task<Reader::Found> Reader::fetch_shop_object(std::string object, std::string id, sync::WorkClass work) {
  const ShopObject how = shop_object(object, settings_);
  if (how.one.empty()) {
    Task<Found> fetching = fetch_from_list(std::move(object), std::move(id), work);
    Found found = co_await fetching;
    co_return found;
  }
  ApiCall call;
  call.target = path_with(how.one, id) + "?" + how.location;
  call.work = work;
  Task<Result<Answer>> sending = api_.send(std::move(call));
  Result<Answer> answer = co_await sending;
  if (!answer) co_return fail(answer.error());
  if (says_not_found(*answer)) co_return std::optional<sync::Change>();
  if (!answer->ok()) co_return fail(read_error(*answer, "reading the " + object));
  if (!answer->body.is_object()) co_return fail(ErrorKind::unavailable, "the answer holds no " + object);
  Result<Decoded> decoded = decode_shop_object(object, answer->body, Shape::full);
  // A 2xx without the object is no word of the CRM's about it.
  if (!decoded) co_return fail(ErrorKind::unavailable, decoded.error().message);
  co_return std::optional(to_change(object, std::move(*decoded), sync::Via::fetch));
}

Task<Reader::Found> Reader::fetch_from_list(std::string object, std::string id, sync::WorkClass work) {
  const Duration now = ports_.loop->clock().monotonic();
  if (!scanned_at_ || now - *scanned_at_ > limits::kScanAge) {
    scanned_at_.reset();
    Task<Result<void>> scanning = scan_list(object, work);
    Result<void> scanned = co_await scanning;
    if (!scanned) co_return fail(scanned.error());
    scanned_at_ = now;
  }
  const auto found = scanned_.find(id);
  if (found == scanned_.end()) co_return std::optional<sync::Change>();
  Result<Decoded> decoded = decode_shop_object(object, found->second, Shape::listed);
  if (!decoded) co_return fail(decoded.error());
  co_return std::optional(to_change(object, std::move(*decoded), sync::Via::fetch));
}

Task<Result<void>> Reader::scan_list(std::string object, sync::WorkClass work) {
  const ShopObject how = shop_object(object, settings_);
  std::unordered_map<std::string, Json> items;
  for (std::size_t offset = 0;;) {
    ApiCall call;
    call.target = how.list + "?" + how.location + "&limit=" + std::to_string(limits::kPageShop) +
                  "&offset=" + std::to_string(offset);
    call.work = work;
    Task<Result<Answer>> sending = api_.send(std::move(call));
    Result<Answer> answer = co_await sending;
    if (!answer) co_return fail(answer.error());
    if (!answer->ok()) co_return fail(read_error(*answer, "reading the list of " + object + "s"));
    const Json* page = shop_items(answer->body);
    if (page == nullptr) co_return fail(ErrorKind::unavailable, "the answer holds no list of " + object + "s");
    const std::size_t before = items.size();
    for (const Json& item : page->get_array()) {
      const Result<Decoded> decoded = item.is_object() ? decode_shop_object(object, item, Shape::listed)
                                                       : Result<Decoded>(fail(ErrorKind::invalid, "no object"));
      if (!decoded) co_return fail(ErrorKind::unavailable, "the list holds something that is no " + object);
      items.insert_or_assign(decoded->id, item);
    }
    offset += page->get_array().size();
    const auto total = shop_total(answer->body);
    if (items.size() == before || (total && offset >= *total)) break;
    if (items.size() > limits::kScanRows)
      co_return fail(ErrorKind::exhausted, "the list is too long to be searched for one " + object);
  }
  scanned_ = std::move(items);
  co_return Result<void>();
}

}  // namespace lockstep::gohighlevel
