// Parts that the codecs of contacts and opportunities share.
#pragma once

#include "connectors/gohighlevel/codec.hpp"

namespace lockstep::gohighlevel {

// null, "" and [] mean "no value" to the CRM.
bool is_empty(const Json& value);
// In lower case, ASCII only: how the CRM compares tags and e-mails.
std::string fold(std::string_view text);
// "2000-01-05T00:00:00.000Z", a number of milliseconds, "2000-01-05" -> "2000-01-05"; other texts as they are.
Json read_date(const Json& value);
// Times as ISO texts, numbers of milliseconds included.
Json read_time(const Json& value);

// True when every mapped path is in the document or known to be empty: only then may an absence mean "no value".
bool complete(const Decoded& decoded, const Codec& codec);

// [{id, value}] (opportunities: fieldValue) -> {key: value} in out.document["customFields"]. With `all`, mapped fields that
// are not in the list are null. And all of them in out.document["customFieldList"], as [{id, value}].
void decode_custom_fields(const Json* list, bool all, const Codec& codec, Decoded& out);
// {key: value} -> [{id, <value_name>: …}], each value in the form that the field's type asks for.
void encode_custom_fields(const Json& values, sync::WriteKind kind, const Codec& codec, std::string_view value_name,
                          Encoded& out);

}  // namespace lockstep::gohighlevel
