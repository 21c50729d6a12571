// The CRM's JSON <-> the documents that mappings see. Pure.
//
// A contact document holds the API's names, whatever shape it came in (address -> address1, contactName -> name), tags
// as a list, custom fields by key in one object, dateOfBirth as YYYY-MM-DD. A field that the shape is known to carry
// and that is not there becomes null; a field that the shape may leave out stays absent: null and absent differ (L4).
#pragma once

#include <set>
#include <string>
#include <vector>

#include "connectors/gohighlevel/connector_settings.hpp"
#include "connectors/gohighlevel/custom_fields.hpp"
#include "sync/input.hpp"

namespace lockstep::gohighlevel {

enum class Shape {
  full,     // GET by id, and the answer to PUT
  created,  // the answer to POST: lacks name and timezone
  listed,   // GET /contacts/: which fields it carries is not documented and learned (see Decoded::carried)
  found,    // a search result: names in lower case only, no timezone
  event,    // a webhook: empty fields are left out
};

struct Codec {
  const CustomFields& fields;
  const Binding& bound;
};

struct Decoded {
  std::string id;
  sync::Version version = 0;
  sync::Extent extent = sync::Extent::partial;
  JsonObject document;
  bool deleted = false;                     // the CRM marks it so
  bool names_missing = false;               // found: a name exists, but not as it was typed
  std::vector<std::string> unknown_fields;  // ids of custom fields that the catalog does not know
};

// `carried`: for `listed`, the fields that this list has been seen to carry. `invalid` when there is no id.
Result<Decoded> decode_contact(const Json& item, Shape shape, const Codec& codec,
                               const std::set<std::string>& carried = {});
// The document fields that occur in an item of a list.
std::vector<std::string> listed_fields(const Json& item);

// Whether search results carry this contact field as it is.
bool search_carries(std::string_view name);

Result<Decoded> decode_opportunity(const Json& item, Shape shape, const Codec& codec);

// {name, stages: [{id, name, position}]}
Result<Decoded> decode_pipeline(const Json& item);

struct LeftOut {
  std::string path;
  std::string why;  // for people
};

// What a write sends.
struct Encoded {
  JsonObject body;                        // without tags in updates: those have calls of their own
  std::vector<LeftOut> left_out;          // what can not be written
  std::vector<std::string> unknown_keys;  // custom fields that the catalog does not know
};

Encoded encode_contact(const Json& document, sync::WriteKind kind, const Codec& codec);
Encoded encode_opportunity(const Json& document, sync::WriteKind kind, const Codec& codec,
                           const ConnectorSettings& settings);

// Which tags to add and to remove so that the contact's list becomes the document's, when it was the expected one.
// Compared without case: the CRM folds tags to lower case.
struct TagPlan {
  std::vector<std::string> add;
  std::vector<std::string> remove;

  bool empty() const { return add.empty() && remove.empty(); }
};
TagPlan plan_tags(const Json& document, const Json& expected);

// What an answer with `answered` adds to what was known of the tags (null: nothing). It has no version, so that an event of
// somebody's edit before it would count as newer: of tags that were not part of the plan the events tell.
Json known_tags(const Json* before, const Json& answered, const TagPlan& plan);

// A list of texts in `value`, others left out; empty when it is no list.
std::vector<std::string> text_list(const Json* value);

// Milliseconds since 1970 of an ISO text or a number; 0 when it is neither.
std::uint64_t read_version(const Json* value);

}  // namespace lockstep::gohighlevel
