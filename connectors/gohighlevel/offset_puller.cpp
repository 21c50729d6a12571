#include "connectors/gohighlevel/offset_puller.hpp"

#include <algorithm>

#include "connectors/gohighlevel/limits.hpp"
#include "connectors/gohighlevel/shop_objects.hpp"

namespace lockstep::gohighlevel {
namespace {

using connector::PullMode;
using connector::PullPage;
using connector::PullRequest;

// Where the next page is read, and the last rows of the page before.
struct Place {
  std::size_t offset = 0;
  std::vector<std::string> tail;
  std::size_t turns = 0;  // pages in a row that had nothing new, or no row of the tail
};

Place read_place(const Json& cursor) {
  Place place;
  const auto number = [&](const char* name) {
    const Json* value = find_member(cursor, name);
    return value != nullptr && value->is_int64() && value->get_int64() > 0
               ? static_cast<std::size_t>(value->get_int64())
               : 0;
  };
  place.offset = number("offset");
  place.turns = number("turns");
  place.tail = text_list(find_member(cursor, "tail"));
  return place;
}

Json to_cursor(const Place& place) {
  JsonArray tail;
  for (const std::string& id : place.tail) tail.emplace_back(id);
  // As the numbers come back from the store.
  return JsonObject{{"offset", static_cast<std::int64_t>(place.offset)},
                    {"tail", std::move(tail)},
                    {"turns", static_cast<std::int64_t>(place.turns)}};
}

std::size_t page_limit(const PullRequest& request) {
  return std::clamp<std::size_t>(request.page_limit, 2, limits::kPageShop);
}

// How many of the page's first rows are known: up to the last one of the tail. nullopt: none of the tail is there.
std::optional<std::size_t> known_rows(const std::vector<sync::Change>& rows, const std::vector<std::string>& tail) {
  for (std::size_t i = rows.size(); i > 0; --i) {
    if (std::ranges::find(tail, rows[i - 1].external_id) != tail.end()) return i;
  }
  return std::nullopt;
}

// At most half of the page, so that the next one gets on.
std::vector<std::string> tail_of(const std::vector<sync::Change>& rows) {
  std::vector<std::string> tail;
  const std::size_t kept = std::min(rows.size() / 2, limits::kTailRows);
  for (std::size_t i = rows.size() - kept; i < rows.size(); ++i) tail.push_back(rows[i].external_id);
  return tail;
}

}  // namespace

std::string OffsetPuller::target(const PullRequest& request, std::size_t offset, std::size_t limit) const {
  const ShopObject object = shop_object(request.object, settings_);
  std::string out =
      object.list + "?" + object.location + "&limit=" + std::to_string(limit) + "&offset=" + std::to_string(offset);
  if (request.mode == PullMode::incremental && !object.since.empty()) {
    const std::string day = to_iso8601(ports_.loop->clock().now() - settings_.reread);
    out += "&" + std::string(object.since) + "=" + day.substr(0, day.find('T'));
  }
  return out;
}

Task<Result<PullPage>> OffsetPuller::pull(PullRequest request) {
  shown_.settle(request);
  const std::size_t limit = page_limit(request);
  const Place place = read_place(request.cursor);
  ApiCall call;
  call.target = target(request, place.offset, limit);
  call.work = request.work;
  Task<Result<Answer>> sending = api_.send(std::move(call));
  Result<Answer> answer = co_await sending;
  if (!answer) co_return fail(answer.error());
  if (!answer->ok()) co_return fail(read_error(*answer, "reading the list of " + request.object + "s"));
  const Json* items = shop_items(answer->body);
  if (items == nullptr) co_return fail(ErrorKind::unavailable, "the answer holds no list of " + request.object + "s");

  PullPage page;
  for (const Json& item : items->get_array()) {
    if (!item.is_object()) co_return fail(ErrorKind::unavailable, "the list holds something that is no object");
    Result<Decoded> decoded = decode_shop_object(request.object, item, Shape::listed);
    if (!decoded) co_return fail(decoded.error());
    page.changes.push_back(to_change(request.object, std::move(*decoded), sync::Via::poll));
  }
  page.total = shop_total(answer->body);

  const std::size_t rows = page.changes.size();
  const std::size_t end = place.offset + rows;
  const std::vector<std::string> tail = tail_of(page.changes);
  const std::optional<std::size_t> known = place.tail.empty() ? 0 : known_rows(page.changes, place.tail);
  Place next{end - tail.size(), tail, 0};
  if (!known && place.offset > 0 && place.turns < limits::kTurns) {
    // What has moved out of sight lies before; the rows seen here are met again.
    const std::size_t back = limit << std::min<std::size_t>(place.turns, 10);
    next = {place.offset - std::min(place.offset, back), place.tail, place.turns + 1};
  } else {
    if (known) page.changes.erase(page.changes.begin(), page.changes.begin() + static_cast<std::ptrdiff_t>(*known));
    const bool more = rows >= limit || (page.total && end < *page.total && !page.changes.empty());
    page.last = !more;
    if (more && page.changes.empty()) next.turns = place.turns + 1;
    if (next.turns > limits::kTurns)
      co_return fail(ErrorKind::corrupt, "the CRM's pages do not advance: a further one shows what others showed");
  }
  page.cursor = page.last ? Json(JsonObject{{"read_ms", to_epoch_ms(ports_.loop->clock().now())}}) : to_cursor(next);
  if (request.mode == PullMode::incremental) shown_.leave_out_known(request, page);
  co_return page;
}

}  // namespace lockstep::gohighlevel
