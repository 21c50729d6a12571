#include "connectors/gohighlevel/go_high_level.hpp"

namespace lockstep::gohighlevel {

connector::Capabilities make_capabilities(const ConnectorSettings& settings) {
  connector::ObjectInfo contact;
  contact.name = kContact;
  contact.pulls_incremental = true;
  contact.webhooks = true;
  contact.paths = {
      "firstName",      "lastName",        "name",    "email",   "phone",  "companyName", "address1",    "city",
      "state",          "postalCode",      "country", "website", "source", "timezone",    "dateOfBirth", "dnd",
      "dndSettings",    "assignedTo",      "tags",    "gender",  "type",   "businessId",  "dateAdded",   "dateUpdated",
      "customFields.*", "customFieldList", "id"};
  contact.silent_paths = {"inboundDndSettings", "additionalEmails", "businessId"};

  connector::ObjectInfo opportunity;
  opportunity.name = kOpportunity;
  opportunity.pulls_incremental = true;
  opportunity.webhooks = true;
  opportunity.paths = {
      "name",   "status",       "monetaryValue", "pipelineId", "pipelineStageId", "contactId",       "assignedTo",
      "source", "lostReasonId", "createdAt",     "updatedAt",  "customFields.*",  "customFieldList", "id"};
  opportunity.silent_paths = {"customFields.*"};

  connector::ObjectInfo pipeline;
  pipeline.name = kPipeline;
  pipeline.creates = pipeline.updates = pipeline.deletes = false;
  pipeline.pulls_incremental = true;  // all of them each time
  pipeline.paths = {"id", "name", "stages"};
  pipeline.silent_paths = {"name", "stages"};

  const auto shop = [](std::string_view name) {
    connector::ObjectInfo info;
    info.name = name;
    info.pulls_incremental = true;
    info.webhooks = name == kOrderObject || name == kProductObject;
    info.creates = info.updates = info.deletes = false;
    return info;
  };
  connector::ObjectInfo order = shop(kOrderObject);
  order.silent_paths = {"amount", "contactId", "fulfillmentStatus", "discount", "subtotal"};

  connector::Capabilities out;
  out.kind = "gohighlevel";
  out.summary = "GoHighLevel: contacts, opportunities, pipelines, orders, transactions, products, reviews";
  out.objects = {std::move(contact),       std::move(opportunity), std::move(pipeline), std::move(order),
                 shop(kTransactionObject), shop(kProductObject),   shop(kReviewObject)};
  out.omits_empty = true;
  out.write_batch_limit = 1;
  out.write_parallel_limit = 8;
  out.find_settles = settings.search_settles;
  out.quirks = {"contact webhooks have no version and leave out empty fields",
                "search lags by seconds and shows names in lower case only",
                "tags are folded to lower case; they are added and removed, never replaced",
                "companyName and gender can not be changed after a contact is created",
                "an answer of 422 does not always mean that nothing was created",
                "deleting a contact may delete its opportunities",
                "orders, transactions, products and reviews can not be asked for what has changed: polls read those of "
                "the last reread_days again, full pulls all",
                "a single review can not be read: their list is"};
  return out;
}

}  // namespace lockstep::gohighlevel
