#include "connectors/gohighlevel/shop_objects.hpp"

#include <gtest/gtest.h>

namespace lockstep::gohighlevel {
namespace {

Json parsed(std::string_view text) { return *parse_json(text); }

TEST(ShopObjects, AListAndAReadGiveTheSameNames) {
  const auto listed = decode_shop_object(
      "order",
      parsed(R"({"_id":"o1","altId":"l","amount":100,"currency":"USD","subtotal":110,"discount":10,"status":"pending",
      "sourceType":"funnel","sourceName":"shop","totalProducts":2,"createdAt":"2026-01-01T00:00:00.000Z",
      "updatedAt":"2026-01-02T00:00:00.000Z"})"),
      Shape::listed);
  const auto read = decode_shop_object(
      "order",
      parsed(R"({"_id":"o1","altId":"l","amount":100,"currency":"USD","amountSummary":{"subtotal":110,"discount":10},
      "status":"pending","source":{"type":"funnel","name":"shop"},"items":[{"qty":2}],"traceId":"t",
      "createdAt":"2026-01-01T00:00:00.000Z","updatedAt":"2026-01-02T00:00:00.000Z"})"),
      Shape::full);
  ASSERT_TRUE(listed && read);
  EXPECT_EQ(listed->id, "o1");
  EXPECT_EQ(listed->version, 1'767'312'000'000U);
  for (const char* name : {"id", "amount", "currency", "subtotal", "discount", "status", "sourceType", "sourceName",
                           "sourceId", "contactId", "couponCode", "createdAt", "updatedAt"}) {
    ASSERT_TRUE(listed->document.contains(name) && read->document.contains(name)) << name;
    EXPECT_EQ(listed->document.at(name), read->document.at(name)) << name;
  }
  EXPECT_TRUE(listed->document.at("couponCode").is_null()) << "both carry it: it is empty";
  EXPECT_FALSE(read->document.contains("totalProducts")) << "L4: a read does not carry it, so it says nothing of it";
  EXPECT_FALSE(listed->document.contains("items"));
  EXPECT_FALSE(read->document.contains("traceId"));
}

TEST(ShopObjects, AnEventSaysNothingOfWhatItLeavesOut) {
  const auto event = decode_shop_object(
      "order", parsed(R"({"_id":"o1","status":"completed","type":"OrderStatusUpdate"})"), Shape::event);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->document.at("status"), "completed");
  EXPECT_FALSE(event->document.contains("contactId"));
  EXPECT_EQ(event->extent, sync::Extent::partial);
}

TEST(ShopObjects, TransactionsAndReviewsKeepWhatTheyHave) {
  const auto payment = decode_shop_object(
      "transaction",
      parsed(R"({"_id":"t1","entityType":"order","entityId":"o1","paymentMethod":{"card":{"brand":"visa"}}})"),
      Shape::listed);
  ASSERT_TRUE(payment);
  EXPECT_EQ(payment->document.at("paymentMethod").at("card").at("brand"), "visa");
  EXPECT_TRUE(payment->document.at("amount").is_null());
  const auto review = decode_shop_object(
      "review", parsed(R"({"id":"r1","rating":4,"user":{"name":"Ann","email":"a@example.com"},"colour":"red"})"),
      Shape::listed);
  ASSERT_TRUE(review);
  EXPECT_EQ(review->id, "r1");
  EXPECT_EQ(review->document.at("reviewerName"), "Ann");
  EXPECT_EQ(review->document.at("colour"), "red") << "what nobody has documented is handed through";
  EXPECT_FALSE(decode_shop_object("review", parsed(R"({"rating":4})"), Shape::listed));
}

TEST(ShopObjects, TotalsComeInThreeForms) {
  EXPECT_EQ(shop_total(parsed(R"({"totalCount":3})")), 3U);
  EXPECT_EQ(shop_total(parsed(R"({"total":4})")), 4U);
  EXPECT_EQ(shop_total(parsed(R"({"total":[{"total":5}]})")), 5U);
  EXPECT_FALSE(shop_total(parsed(R"({"total":"many"})")));
  EXPECT_NE(shop_items(parsed(R"({"products":[]})")), nullptr);
  EXPECT_EQ(shop_items(parsed(R"({"data":{}})")), nullptr);
}

TEST(ShopObjects, EachKnowsHowItIsRead) {
  ConnectorSettings settings;
  settings.location_id = "l/1";
  settings.reviews_path = "/reputation/reviews";
  EXPECT_EQ(shop_object("order", settings).location, "altId=l%2F1") << "orders are documented without altType";
  EXPECT_EQ(shop_object("transaction", settings).location, "altId=l%2F1&altType=location");
  EXPECT_EQ(shop_object("product", settings).location, "locationId=l%2F1");
  EXPECT_EQ(shop_object("review", settings).list, "/reputation/reviews");
  EXPECT_TRUE(shop_object("review", settings).one.empty());
  EXPECT_FALSE(is_shop_object("contact"));
}

}  // namespace
}  // namespace lockstep::gohighlevel
