// Answers of the API from arbitrary bytes: every shape of every object, cursors, catalogs, errors.
#include "connectors/gohighlevel/answers.hpp"
#include "connectors/gohighlevel/codec.hpp"
#include "connectors/gohighlevel/search_body.hpp"
#include "connectors/gohighlevel/shop_objects.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lockstep;
  using namespace lockstep::gohighlevel;
  const auto json = parse_json({reinterpret_cast<const char*>(data), size});
  if (!json) return 0;
  static const CustomFields fields = [] {
    CustomFields out;
    out.learn({{"f1", "loyalty", "", "TEXT"}, {"f2", "score", "", "NUMERICAL"}, {"f3", "likes", "", "CHECKBOX"}});
    return out;
  }();
  static const Binding bound{{"firstName", "customFields.loyalty"}, {"loyalty"}};
  static const ConnectorSettings settings;
  const Codec codec{fields, bound};
  for (const Shape shape : {Shape::full, Shape::created, Shape::listed, Shape::found, Shape::event}) {
    for (const auto& decoded : {decode_contact(*json, shape, codec), decode_opportunity(*json, shape, codec)}) {
      if (decoded && decoded->id.empty()) std::abort();
      // What has been decoded can be written.
      if (decoded) (void)encode_contact(decoded->document, sync::WriteKind::update, codec);
      if (decoded) (void)encode_opportunity(decoded->document, sync::WriteKind::create, codec, settings);
    }
  }
  (void)decode_pipeline(*json);
  for (const char* object : {"order", "transaction", "product", "review"}) {
    for (const Shape shape : {Shape::full, Shape::listed, Shape::event}) {
      const auto decoded = decode_shop_object(object, *json, shape);
      if (decoded && decoded->id.empty()) std::abort();
    }
  }
  (void)shop_total(*json);
  (void)shop_items(*json);
  (void)listed_fields(*json);
  (void)encode_contact(*json, sync::WriteKind::update, codec);
  (void)plan_tags(*json, *json);
  (void)search_cursor(kContact, *json, SearchOrder::updated);
  (void)list_cursor(&*json, *json);
  (void)CustomFields::parse(*json, "contact");
  if (const auto kept = CustomFields::from_json(*json)) {
    const auto again = CustomFields::from_json(kept->to_json());
    if (!again || *again != *kept) std::abort();
  }
  for (const unsigned status : {200U, 400U, 401U, 404U, 422U, 429U, 500U}) {
    const Answer answer{status, {}, *json};
    (void)read_error(answer, "reading");
    (void)write_failure(answer, *json);
    (void)duplicate_of(answer);
    (void)refused_properties(answer);
    (void)says_not_found(answer);
  }
  return 0;
}
