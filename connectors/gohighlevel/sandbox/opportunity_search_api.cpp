#include "connectors/gohighlevel/sandbox/api.hpp"
#include "connectors/gohighlevel/sandbox/limits.hpp"
#include "connectors/gohighlevel/sandbox/render.hpp"
#include "connectors/gohighlevel/sandbox/search.hpp"

namespace lockstep::gohighlevel::sandbox {
namespace {

constexpr FilterField kFields[] = {
    {"id", FieldKind::id},
    {"name", FieldKind::text},
    {"monetary_value", FieldKind::number},
    {"pipeline_id", FieldKind::exact},
    {"pipeline_stage_id", FieldKind::exact},
    {"status", FieldKind::exact},
    {"lost_reason_id", FieldKind::exact},
    {"source", FieldKind::text},
    {"assigned_to", FieldKind::exact},
    {"followers", FieldKind::exact},
    {"contact_id", FieldKind::exact},
    {"contact_name", FieldKind::text},
    {"company_name", FieldKind::text},
    {"email", FieldKind::text},
    {"phone", FieldKind::text},
    {"date_added", FieldKind::date},
    {"date_updated", FieldKind::date},
    {"last_status_change_date", FieldKind::date},
    {"last_stage_change_date", FieldKind::date},
    {"custom_fields.", FieldKind::any},
};
constexpr std::string_view kSorts[] = {
    "date_added", "date_updated", "name", "monetary_value", "last_status_change_date", "last_stage_change_date"};
constexpr SearchRules kRules{kFields, kSorts, "date_added", "date_updated", "limit", limits::opportunity_limit_max};

Json text_or_null(std::string_view text) { return text.empty() ? Json(nullptr) : Json(text); }

class Reader {
 public:
  explicit Reader(const Location& location) : location_(location) {}

  Json operator()(const Opportunity& opportunity, std::string_view field) const {
    if (field == "id") return Json(opportunity.id);
    if (field == "name") return text_or_null(opportunity.name);
    if (field == "monetary_value")
      return opportunity.monetary_value ? Json(*opportunity.monetary_value) : Json(nullptr);
    if (field == "pipeline_id") return text_or_null(opportunity.pipeline_id);
    if (field == "pipeline_stage_id") return text_or_null(opportunity.stage_id);
    if (field == "status") return text_or_null(opportunity.status);
    if (field == "lost_reason_id") return text_or_null(opportunity.lost_reason_id);
    if (field == "source") return text_or_null(opportunity.source);
    if (field == "assigned_to") return text_or_null(opportunity.assigned_to);
    if (field == "followers") return opportunity.followers.empty() ? Json(nullptr) : Json(texts(opportunity.followers));
    if (field == "contact_id") return text_or_null(opportunity.contact_id);
    if (field == "contact_name") return text_or_null(contact_name(opportunity));
    if (field == "company_name") return contact_text(opportunity, "companyName");
    if (field == "email") return contact_text(opportunity, "email");
    if (field == "phone") return contact_text(opportunity, "phone");
    if (field == "date_added") return Json(to_epoch_ms(opportunity.added));
    if (field == "date_updated") return Json(to_epoch_ms(opportunity.updated));
    if (field == "last_status_change_date") return Json(to_epoch_ms(opportunity.status_changed));
    if (field == "last_stage_change_date") return Json(to_epoch_ms(opportunity.stage_changed));
    const auto found = opportunity.custom.find(std::string(field.substr(field.find('.') + 1)));
    return found == opportunity.custom.end() ? Json(nullptr) : found->second;
  }

  std::string contact_name(const Opportunity& opportunity) const {
    const auto found = location_.contacts.find(opportunity.contact_id);
    return found == location_.contacts.end() ? std::string() : found->second->full_name();
  }

 private:
  Json contact_text(const Opportunity& opportunity, std::string_view name) const {
    const auto found = location_.contacts.find(opportunity.contact_id);
    return found == location_.contacts.end() ? Json(nullptr) : text_or_null(found->second->text(name));
  }

  const Location& location_;
};

Found<Opportunity> run(Api& api, const Call& call, const SearchPlan& plan) {
  call.location->opportunity_index.advance(api.crm.now());
  const Reader reader(*call.location);
  const auto query_texts = [&](const Opportunity& opportunity) {
    return Json(JsonArray{opportunity.name, reader.contact_name(opportunity), reader(opportunity, "email"),
                          reader(opportunity, "phone")});
  };
  return search(call.location->opportunity_index, plan, kRules, reader, query_texts);
}

Outcome<Answer> search_post(Api& api, const Call& call) {
  if (text_of(call.body, "query").size() > limits::query_characters_max) {
    return std::unexpected(unprocessable("query must be shorter than or equal to 75 characters"));
  }
  const auto plan = plan_search(call.body, kRules);
  if (!plan) return std::unexpected(plan.error());
  auto found = run(api, call, *plan);
  JsonArray opportunities;
  for (auto& row : found.rows) {
    JsonObject shape = opportunity_shape(*row.record, *call.location);
    shape["searchAfter"] = std::move(row.cursor);
    opportunities.push_back(std::move(shape));
  }
  return Answer{200,
                {{"opportunities", std::move(opportunities)}, {"total", found.total}, {"aggregations", JsonObject()}}};
}

// mm-dd-yyyy, midnight UTC: which zone the vendor means is not documented.
std::optional<Time> parse_day(std::string_view text) {
  if (text.size() != 10 || text[2] != '-' || text[5] != '-') return std::nullopt;
  const auto iso = normal_birthday(text);
  if (!iso) return std::nullopt;
  const auto time = parse_iso8601(*iso);
  return time ? std::optional(*time) : std::nullopt;
}

Filter equals(std::string_view field, std::string_view value) {
  Filter out;
  out.shape = Filter::Shape::condition;
  out.field = field;
  out.value = value;
  return out;
}

Outcome<Filter> filter_of_query(const wire::Target& target) {
  Filter all;
  for (const std::string_view name : {"pipeline_id", "pipeline_stage_id", "contact_id", "assigned_to", "id"}) {
    if (const std::string_view value = target.parameter(name); !value.empty()) all.parts.push_back(equals(name, value));
  }
  const std::string_view status = target.parameter("status");
  if (!status.empty() && status != "all") {
    if (status != "open" && status != "won" && status != "lost" && status != "abandoned") {
      return std::unexpected(
          unprocessable("status must be one of the following values: open, won, lost, abandoned, all"));
    }
    all.parts.push_back(equals("status", status));
  }
  for (const std::string_view name : {"date", "endDate"}) {
    const std::string_view text = target.parameter(name);
    if (text.empty()) continue;
    const auto day = parse_day(text);
    if (!day) return std::unexpected(unprocessable(std::string(name) + " must be in mm-dd-yyyy format"));
    Filter part = equals("date_added", "");
    part.op = Operator::range;
    if (name == "date") part.range.gte = static_cast<double>(to_epoch_ms(*day));
    if (name == "endDate") part.range.lt = static_cast<double>(to_epoch_ms(*day + std::chrono::days(1)));
    all.parts.push_back(std::move(part));
  }
  return all;
}

Outcome<Answer> search_get(Api& api, const Call& call) {
  const wire::Target& target = call.target;
  if (target.parameter("q").size() > limits::query_characters_max) {
    return std::unexpected(unprocessable("q must be shorter than or equal to 75 characters"));
  }
  const auto limit = query_integer(target, "limit", 1, limits::list_limit_max, limits::list_limit_default);
  if (!limit) return std::unexpected(limit.error());
  const auto page = query_integer(target, "page", 1, std::int64_t{1} << 40, 1);
  if (!page) return std::unexpected(page.error());
  const auto after = query_integer(target, "startAfter", 0, std::int64_t{1} << 42, -1);
  if (!after) return std::unexpected(after.error());
  if (*page * *limit > limits::page_mode_rows_max)
    return refuse(400, "Result window is too large: page * limit must be at most 10000");
  auto filter = filter_of_query(target);
  if (!filter) return std::unexpected(std::move(filter.error()));
  const std::string_view order = target.parameter("order");
  SearchPlan plan;
  plan.filter = std::move(*filter);
  plan.query = lower_case(target.parameter("q"));
  plan.sorts = {{"date_added", order == "added_asc" ? Direction::ascending : Direction::descending}};
  plan.limit = static_cast<std::size_t>(*limit);
  if (*after >= 0) {
    plan.after = JsonArray{*after, target.parameter("startAfterId")};
  } else {
    plan.skip = static_cast<std::size_t>((*page - 1) * *limit);
  }
  const auto found = run(api, call, plan);
  JsonArray opportunities;
  for (const auto& row : found.rows) opportunities.push_back(opportunity_shape(*row.record, *call.location));
  JsonObject meta{{"total", found.total}, {"currentPage", *page}};
  if (*page > 1) meta["prevPage"] = *page - 1;
  if (found.rows.size() == plan.limit) {
    const JsonArray& cursor = found.rows.back().cursor;
    meta["nextPage"] = *page + 1;
    meta["startAfter"] = cursor[0];
    meta["startAfterId"] = cursor[1];
    // The documented example shows a local host here: the next request is to be built from the cursor.
    meta["nextPageUrl"] = "http://localhost:5058/opportunities/search?location_id=" + call.location->settings.id +
                          "&limit=" + std::to_string(*limit) + "&startAfter=" + to_text(cursor[0]) +
                          "&startAfterId=" + std::string(cursor[1].get_string());
  }
  return Answer{
      200, {{"opportunities", std::move(opportunities)}, {"meta", std::move(meta)}, {"aggregations", JsonObject()}}};
}

constexpr std::string_view kSearchQuery =
    "location_id* q pipeline_id pipeline_stage_id contact_id status assigned_to campaignId id order endDate startAfter "
    "startAfterId date "
    "country page limit getTasks getNotes getCalendarEvents";

constexpr Route kRoutes[] = {
    {"GET", "/opportunities/search", "opportunities.readonly", Names::query_snake, search_get, nullptr, kSearchQuery},
    {"POST", "/opportunities/search", "opportunities.readonly", Names::body, search_post, &schemas::opportunity_search},
};

}  // namespace

std::span<const Route> opportunity_search_routes() { return kRoutes; }

}  // namespace lockstep::gohighlevel::sandbox
