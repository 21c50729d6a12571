// Records with their status in each system, derived from what is stored (never stored itself).
#pragma once

#include "hub/hub.hpp"

namespace lockstep::hub {

Result<std::optional<RecordView>> view_record(store::Reader& reader, const sync::Catalog& catalog,
                                              const SourceId& source, const RecordId& id);
Result<store::Page<RecordView>> view_records(store::Reader& reader, const sync::Catalog& catalog,
                                             const SourceId& source, const store::RecordFilter& filter,
                                             const store::PageRequest& page);

}  // namespace lockstep::hub
