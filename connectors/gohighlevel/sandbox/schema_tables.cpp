// The properties each operation takes. Sources: the official OpenAPI files for contacts, opportunities,
// locations and oauth; the search bodies are not in them and follow the linked official pages.
#include <algorithm>
#include <array>

#include "connectors/gohighlevel/sandbox/schema.hpp"

namespace lockstep::gohighlevel::sandbox::schemas {
namespace {

constexpr auto kRequired = Need::required;
constexpr auto kOptional = Need::optional;
constexpr auto kNullable = Null::allowed;

constexpr std::string_view kDndStatuses[] = {"active", "inactive", "permanent"};
constexpr std::string_view kInboundStatuses[] = {"active", "inactive"};
constexpr std::string_view kStatuses[] = {"open", "won", "lost", "abandoned", "all"};
constexpr std::string_view kModels[] = {"contact", "opportunity"};
constexpr std::string_view kFollowerActions[] = {"add", "remove"};
constexpr std::string_view kGrants[] = {"authorization_code", "refresh_token", "client_credentials"};
constexpr std::string_view kUserTypes[] = {"Company", "Location"};

constexpr Property kDndChannel[] = {
    {"status", Kind::text, kRequired, Null::refused, {}, kDndStatuses}, {"message"}, {"code"}};
constexpr Property kDndSettings[] = {{"Call", Kind::object, kOptional, Null::refused, kDndChannel},
                                     {"Email", Kind::object, kOptional, Null::refused, kDndChannel},
                                     {"SMS", Kind::object, kOptional, Null::refused, kDndChannel},
                                     {"WhatsApp", Kind::object, kOptional, Null::refused, kDndChannel},
                                     {"GMB", Kind::object, kOptional, Null::refused, kDndChannel},
                                     {"FB", Kind::object, kOptional, Null::refused, kDndChannel}};
constexpr Property kInboundAll[] = {{"status", Kind::text, kRequired, Null::refused, {}, kInboundStatuses},
                                    {"message"}};
constexpr Property kInboundDndSettings[] = {{"all", Kind::object, kOptional, Null::refused, kInboundAll}};
// The field is named by id or by key; that one of them is there is checked where the field is looked up.
constexpr Property kCustomFieldValue[] = {{"id"}, {"key"}, {"field_value", Kind::anything, kOptional, kNullable}};

template <std::size_t N, std::size_t M>
constexpr std::array<Property, N + M> joined(const std::array<Property, N>& first,
                                             const std::array<Property, M>& second) {
  std::array<Property, N + M> out{};
  std::ranges::copy(second, std::ranges::copy(first, out.begin()).out);
  return out;
}

constexpr Property text_or_null(std::string_view name) { return {name, Kind::text, kOptional, kNullable}; }
constexpr Property required(std::string_view name, Kind kind = Kind::text) { return {name, kind, kRequired}; }

constexpr std::array kContactCommon =
    std::to_array<Property>({text_or_null("firstName"),
                             text_or_null("lastName"),
                             text_or_null("name"),
                             text_or_null("email"),
                             text_or_null("phone"),
                             text_or_null("address1"),
                             text_or_null("city"),
                             text_or_null("state"),
                             {"postalCode"},
                             text_or_null("website"),
                             text_or_null("timezone"),
                             {"dnd", Kind::boolean},
                             {"dndSettings", Kind::object, kOptional, Null::refused, kDndSettings},
                             {"inboundDndSettings", Kind::object, kOptional, Null::refused, kInboundDndSettings},
                             {"tags", Kind::texts},
                             {"customFields", Kind::objects, kOptional, Null::refused, kCustomFieldValue},
                             text_or_null("dateOfBirth"),
                             {"country"}});
constexpr auto kContactCreate = joined(
    kContactCommon, std::to_array<Property>(
                        {required("locationId"), {"gender"}, {"source"}, text_or_null("companyName"), {"assignedTo"}}));
constexpr auto kContactUpsert =
    joined(kContactCreate, std::to_array<Property>({{"createNewIfDuplicateAllowed", Kind::boolean}}));
// Deliberately without gender, companyName and locationId: the vendor refuses them on update.
constexpr auto kContactUpdate =
    joined(kContactCommon, std::to_array<Property>({text_or_null("source"), text_or_null("assignedTo")}));
constexpr auto kContactPerson = joined(kContactCommon, std::to_array<Property>({text_or_null("source"),
                                                                                text_or_null("assignedTo"),
                                                                                text_or_null("gender"),
                                                                                text_or_null("companyName"),
                                                                                {"additionalEmails", Kind::texts}}));

constexpr std::array kContactSearch = std::to_array<Property>({required("locationId"),
                                                               required("pageLimit", Kind::number),
                                                               {"page", Kind::number},
                                                               {"searchAfter", Kind::anything},
                                                               {"query"},
                                                               {"filters", Kind::objects},
                                                               {"sort", Kind::objects}});

constexpr std::array kTags = std::to_array<Property>({required("tags", Kind::texts)});
constexpr std::array kFollowers = std::to_array<Property>({required("followers", Kind::texts)});

constexpr std::array kNoteUpdate =
    std::to_array<Property>({{"userId"}, {"body"}, {"title"}, {"color"}, {"pinned", Kind::boolean}});
constexpr std::array kNoteCreate =
    std::to_array<Property>({{"userId"}, required("body"), {"title"}, {"color"}, {"pinned", Kind::boolean}});
constexpr std::array kTaskCreate = std::to_array<Property>(
    {required("title"), {"body"}, required("dueDate"), required("completed", Kind::boolean), {"assignedTo"}});
constexpr std::array kTaskUpdate =
    std::to_array<Property>({{"title"}, {"body"}, {"dueDate"}, {"completed", Kind::boolean}, {"assignedTo"}});
constexpr std::array kTaskCompleted = std::to_array<Property>({required("completed", Kind::boolean)});

constexpr Property status_property(Need need) { return {"status", Kind::text, need, Null::refused, {}, kStatuses}; }

constexpr std::array kOpportunityUpdate =
    std::to_array<Property>({{"pipelineId"},
                             {"name"},
                             {"pipelineStageId"},
                             status_property(kOptional),
                             {"monetaryValue", Kind::number},
                             {"assignedTo"},
                             {"customFields", Kind::objects, kOptional, Null::refused, kCustomFieldValue}});
constexpr std::array kOpportunityCreate =
    std::to_array<Property>({required("pipelineId"),
                             required("locationId"),
                             required("name"),
                             {"pipelineStageId"},
                             status_property(kRequired),
                             required("contactId"),
                             {"monetaryValue", Kind::number},
                             {"assignedTo"},
                             {"customFields", Kind::objects, kOptional, Null::refused, kCustomFieldValue}});
constexpr std::array kOpportunityStatus = std::to_array<Property>({status_property(kRequired), {"lostReasonId"}});
// The specification marks followers, isRemoveAllFollowers and followersActionType required; public callers omit
// them and send contactId, so the first three are optional here and the last is taken.
constexpr std::array kOpportunityUpsert =
    std::to_array<Property>({{"id"},
                             required("pipelineId"),
                             required("locationId"),
                             {"contactId"},
                             {"followers", Kind::texts},
                             {"isRemoveAllFollowers", Kind::boolean},
                             {"followersActionType", Kind::text, kOptional, Null::refused, {}, kFollowerActions},
                             {"name"},
                             status_property(kOptional),
                             {"pipelineStageId"},
                             {"monetaryValue", Kind::number},
                             {"assignedTo"},
                             {"lostReasonId"}});
constexpr auto kOpportunityPerson =
    joined(kOpportunityUpdate, std::to_array<Property>({{"contactId"}, {"source"}, {"lostReasonId"}}));

constexpr std::array kAdditionalDetails = std::to_array<Property>({{"notes", Kind::boolean},
                                                                   {"tasks", Kind::boolean},
                                                                   {"calendarEvents", Kind::boolean},
                                                                   {"unReadConversations", Kind::boolean}});
constexpr std::array kOpportunitySearch =
    std::to_array<Property>({required("locationId"),
                             required("limit", Kind::number),
                             {"page", Kind::number},
                             {"searchAfter", Kind::anything},
                             {"query"},
                             {"filters", Kind::objects},
                             {"sort", Kind::objects},
                             {"additionalDetails", Kind::object, kOptional, Null::refused, kAdditionalDetails}});

constexpr std::array kTextBoxOption = std::to_array<Property>({{"label"}, {"prefillValue"}});
constexpr std::array kCustomFieldUpdate =
    std::to_array<Property>({required("name"),
                             {"placeholder"},
                             {"acceptedFormat", Kind::texts},
                             {"isMultipleFile", Kind::boolean},
                             {"maxNumberOfFiles", Kind::number},
                             {"textBoxListOptions", Kind::objects, kOptional, Null::refused, kTextBoxOption},
                             {"position", Kind::number},
                             {"model", Kind::text, kOptional, Null::refused, {}, kModels}});
constexpr auto kCustomFieldCreate = joined(kCustomFieldUpdate, std::to_array<Property>({required("dataType")}));
// The API of this version cannot set the options of a choice; people can.
constexpr auto kCustomFieldPerson =
    joined(kCustomFieldUpdate, std::to_array<Property>({{"dataType"}, {"options", Kind::texts}}));

constexpr std::array kLocationTag = std::to_array<Property>({required("name")});

constexpr std::array kToken =
    std::to_array<Property>({required("client_id"),
                             required("client_secret"),
                             {"grant_type", Kind::text, kRequired, Null::refused, {}, kGrants},
                             {"code"},
                             {"refresh_token"},
                             {"user_type", Kind::text, kOptional, Null::refused, {}, kUserTypes},
                             {"redirect_uri"}});
constexpr std::array kReconnect =
    std::to_array<Property>({required("clientKey"), required("clientSecret"), required("locationId")});

}  // namespace

constinit const Schema contact_create = kContactCreate;
constinit const Schema contact_update = kContactUpdate;
constinit const Schema contact_upsert = kContactUpsert;
constinit const Schema contact_search = kContactSearch;
constinit const Schema contact_person = kContactPerson;
constinit const Schema tags = kTags;
constinit const Schema followers = kFollowers;
constinit const Schema note_create = kNoteCreate;
constinit const Schema note_update = kNoteUpdate;
constinit const Schema task_create = kTaskCreate;
constinit const Schema task_update = kTaskUpdate;
constinit const Schema task_completed = kTaskCompleted;
constinit const Schema opportunity_create = kOpportunityCreate;
constinit const Schema opportunity_update = kOpportunityUpdate;
constinit const Schema opportunity_status = kOpportunityStatus;
constinit const Schema opportunity_upsert = kOpportunityUpsert;
constinit const Schema opportunity_search = kOpportunitySearch;
constinit const Schema opportunity_person = kOpportunityPerson;
constinit const Schema custom_field_create = kCustomFieldCreate;
constinit const Schema custom_field_update = kCustomFieldUpdate;
constinit const Schema custom_field_person = kCustomFieldPerson;
constinit const Schema location_tag = kLocationTag;
constinit const Schema token = kToken;
constinit const Schema reconnect = kReconnect;

}  // namespace lockstep::gohighlevel::sandbox::schemas
