// A replication stream that says anything, through the decoder of rows: messages with a length byte pair in front.
#include "connectors/postgres/row_decoder.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lockstep;
  using namespace lockstep::postgres;
  TableLayout table;
  table.schema = "public";
  table.name = "contacts";
  table.key = {"id"};
  for (const auto& [name, kind] : {std::pair("id", ValueKind::integer), std::pair("name", ValueKind::text),
                                   std::pair("at", ValueKind::timestamp)}) {
    ColumnLayout column;
    column.name = name;
    column.kind = kind;
    table.columns.push_back(column);
  }
  RowDecoder decoder("public", std::make_shared<const Layout>(Layout{{"contacts", table}}));
  wire::pgoutput::Relation known;
  known.id = 7;
  known.schema = "public";
  known.name = "contacts";
  for (const char* name : {"id", "name", "at"}) known.columns.push_back({false, name, 0, -1});
  (void)decoder.describe(known);
  std::string_view stream(reinterpret_cast<const char*>(data), size);
  while (stream.size() > 2) {
    const std::size_t length = (static_cast<unsigned char>(stream[0]) << 8U) + static_cast<unsigned char>(stream[1]);
    const std::string_view bytes = stream.substr(2, length);
    stream.remove_prefix(2 + bytes.size());
    const auto message = wire::pgoutput::decode_message(bytes);
    if (!message) continue;
    using wire::pgoutput::Delete, wire::pgoutput::Insert, wire::pgoutput::Relation, wire::pgoutput::Update;
    Result<std::vector<sync::Change>> changes = std::vector<sync::Change>();
    if (const auto* relation = std::get_if<Relation>(&*message)) (void)decoder.describe(*relation);
    if (const auto* insert = std::get_if<Insert>(&*message)) changes = decoder.insert(*insert, 9);
    if (const auto* update = std::get_if<Update>(&*message)) changes = decoder.update(*update, 9);
    if (const auto* remove = std::get_if<Delete>(&*message)) changes = decoder.remove(*remove, 9);
    if (!changes) continue;
    for (const sync::Change& change : *changes) {
      if (change.object != "contacts" || change.version != 9) std::abort();
    }
  }
  return 0;
}
