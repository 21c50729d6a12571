// Writes to the CRM. A known contact is written by id, never through upsert; tags are added and removed, never replaced.
// One request may take several calls; its result says what the CRM holds after the part that succeeded.
#pragma once

#include <set>

#include "connectors/gohighlevel/reader.hpp"

namespace lockstep::gohighlevel {

class Writer {
 public:
  Writer(Api& api, FieldCatalog& catalog, Reader& reader, const ConnectorSettings& settings, Log& log,
         SeenVersions& seen)
      : api_(api), catalog_(catalog), reader_(reader), settings_(settings), log_(log), seen_(seen) {}
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  Task<connector::WriteResult> write(connector::WriteRequest request);

 private:
  using WriteResult = connector::WriteResult;
  using WriteRequest = connector::WriteRequest;

  Task<WriteResult> create(WriteRequest request);
  Task<WriteResult> update(WriteRequest request);
  Task<WriteResult> remove(WriteRequest request);

  // The body of a write; asks for the catalog when a custom field is not known.
  Task<Encoded> encode(const WriteRequest& request);
  // Takes refused properties out of `encoded`; a body that is empty then was not sent.
  Task<WriteResult> put_fields(const WriteRequest& request, Encoded& encoded);
  Task<WriteResult> change_tags(const WriteRequest& request, TagPlan plan, WriteResult before);
  // The outcome of a call on a known id that failed; after 400 and 404 the object is read: is it gone?
  Task<WriteResult> settle_failure(const WriteRequest& request, Result<Answer> answer);
  Task<WriteResult> settle_created(const WriteRequest& request, Answer answer);
  Task<WriteResult> settle_refused_create(const WriteRequest& request, Answer answer);

  Task<void> read_state(const WriteRequest& request, const Answer& answer, Shape shape, WriteResult& out);
  Task<void> read_back(const WriteRequest& request, WriteResult& out);
  bool learn_refused(const WriteRequest& request, const Encoded& encoded, const Answer& answer);
  void note_left_out(const WriteRequest& request, const Encoded& encoded, WriteResult& out);

  Api& api_;
  FieldCatalog& catalog_;
  Reader& reader_;
  const ConnectorSettings& settings_;
  Log& log_;
  SeenVersions& seen_;
  // Properties that this account's API has refused in an update ("companyName"); not sent again until a restart.
  std::set<std::string, std::less<>> refused_;
};

}  // namespace lockstep::gohighlevel
