#include "connectors/gohighlevel/sandbox/shop.hpp"

#include "connectors/gohighlevel/sandbox/test_client.hpp"

namespace lockstep::gohighlevel::sandbox {
namespace {

class ShopTest : public SandboxTest {
 protected:
  const std::string alt_ = "altId=" + std::string(kLocation) + "&altType=location";

  std::string make(const std::string& many, const std::string& one, std::string_view body) {
    const TestReply reply = control("POST", many, body);
    EXPECT_EQ(reply.status, 201U) << to_text(reply.body);
    clock_.advance(std::chrono::seconds(1));
    return std::string(reply.at(one + ".id").get_string());
  }
};

TEST_F(ShopTest, ListsComeNewestFirstByLimitAndOffsetTenAtATime) {
  std::vector<std::string> ids;
  for (int i = 0; i < 12; ++i) ids.push_back(make("orders", "order", R"({"amount":1,"currency":"USD"})"));
  const TestReply first = api("GET", "/payments/orders?altId=" + std::string(kLocation));
  EXPECT_EQ(first.at("data").get_array().size(), 10U);
  EXPECT_EQ(first.at("totalCount"), 12);
  EXPECT_EQ(string_member(first.at("data.0"), "_id"), ids.back());
  const TestReply rest = api("GET", "/payments/orders?altId=" + std::string(kLocation) + "&limit=100&offset=10");
  EXPECT_EQ(rest.at("data").get_array().size(), 2U);
  EXPECT_EQ(api("GET", "/payments/orders?altId=" + std::string(kLocation) + "&limit=101").status, 422U);
}

TEST_F(ShopTest, LocationAndParametersAreChecked) {
  EXPECT_EQ(api("GET", "/payments/orders?altId=elsewhere").status, 403U);
  EXPECT_EQ(api("GET", "/payments/orders").status, 422U);
  EXPECT_EQ(api("GET", "/payments/orders?" + alt_).status, 422U) << "orders take no altType";
  EXPECT_EQ(api("GET", "/payments/transactions?altId=" + std::string(kLocation) + "&altType=company").status, 422U);
  EXPECT_EQ(api("GET", "/products/reviews?" + alt_ + "&sortField=rating").status, 400U) << "not simulated, so refused";
  EXPECT_EQ(api("GET", "/payments/orders?altId=" + std::string(kLocation) + "&startAt=yesterday").status, 422U);
}

TEST_F(ShopTest, DaysFilterByCreation) {
  make("orders", "order", R"({"createdAt":"2020-01-05T23:59:59.999Z"})");
  make("orders", "order", R"({"createdAt":"2020-01-06T00:00:00.000Z"})");
  const std::string list = "/payments/orders?altId=" + std::string(kLocation);
  EXPECT_EQ(api("GET", list + "&startAt=2020-01-06").at("totalCount"), 1);
  EXPECT_EQ(api("GET", list + "&endAt=2020-01-05").at("totalCount"), 1);
  EXPECT_EQ(api("GET", list + "&startAt=2020-01-05&endAt=2020-01-06").at("totalCount"), 2);
}

TEST_F(ShopTest, AnOrderReadByIdNestsWhatTheListHasFlat) {
  const std::string id =
      make("orders", "order", R"({"amount":9,"subtotal":10,"discount":1,"sourceType":"funnel","items":[{"qty":1}]})");
  const TestReply list = api("GET", "/payments/orders?altId=" + std::string(kLocation));
  EXPECT_EQ(list.at("data.0.subtotal"), 10);
  EXPECT_EQ(list.at("data.0.totalProducts"), 1);
  EXPECT_FALSE(list.has("data.0.items"));
  const TestReply one = api("GET", "/payments/orders/" + id + "?altId=" + std::string(kLocation));
  EXPECT_EQ(one.at("amountSummary.subtotal"), 10);
  EXPECT_EQ(one.at("source.type"), "funnel");
  EXPECT_FALSE(one.has("subtotal"));
  const TestReply gone = api("GET", "/payments/orders/000000000000000000000000?altId=" + std::string(kLocation));
  EXPECT_EQ(gone.status, 400U);
  EXPECT_EQ(gone.text("message"), "Order not found");
}

TEST_F(ShopTest, OrdersAnnounceCreationAndStatusProductsEverything) {
  control("POST", "webhooks", R"({"url":"http://h/x"})");
  const std::string order = make("orders", "order", R"({"amount":9})");
  control("PUT", "orders/" + order, R"({"amount":10})");
  control("PUT", "orders/" + order, R"({"status":"completed"})");
  const std::string payment = make("transactions", "transaction", R"({"amount":9})");
  control("DELETE", "transactions/" + payment);
  make("reviews", "review", R"({"rating":5})");
  const std::string product = make("products", "product", R"({"name":"p"})");
  control("PUT", "products/" + product, R"({"name":"q"})");
  control("DELETE", "products/" + product);
  control("DELETE", "orders/" + order);
  std::vector<std::string> types;
  const TestReply recent = control("GET", "webhooks/recent");
  for (const Json& hook : recent.at("webhooks").get_array()) types.emplace_back(string_member(hook, "type"));
  EXPECT_EQ(types, (std::vector<std::string>{"OrderCreate", "OrderStatusUpdate", "ProductCreate", "ProductUpdate",
                                             "ProductDelete"}));
  const Json event = *parse_json(recent.at("webhooks.1.body").get_string());
  EXPECT_EQ(string_member(event, "_id"), order);
  EXPECT_EQ(string_member(event, "status"), "completed");
  EXPECT_EQ(string_member(event, "locationId"), kLocation);
}

TEST_F(ShopTest, SeedsTheSameForTheSameNumber) {
  const TestReply made =
      control("POST", "seed", R"({"contacts":3,"orders":4,"transactions":5,"products":2,"reviews":6,"seed":7})");
  EXPECT_EQ(made.status, 201U);
  EXPECT_EQ(made.at("orders"), 4);
  EXPECT_EQ(control("GET", "transactions").at("total"), 5);
  const TestReply payments = control("GET", "transactions");
  for (const Json& payment : payments.at("transactions").get_array())
    EXPECT_EQ(string_member(payment, "entityType"), "order");
  EXPECT_EQ(control("POST", "seed", R"({"orders":-1})").status, 400U);
}

TEST_F(ShopTest, ADeletedContactCanBeRestoredWithItsId) {
  const std::string id = create_contact(R"("email":"ada@example.com","firstName":"Ada")");
  control("DELETE", "contacts/" + id);
  EXPECT_EQ(api("GET", "/contacts/" + id).status, 400U);
  control("POST", "webhooks", R"({"url":"http://h/x"})");
  EXPECT_EQ(control("POST", "contacts/" + id + "/restore").status, 200U);
  EXPECT_EQ(api("GET", "/contacts/" + id).at("contact.firstName"), "Ada");
  EXPECT_EQ(control("GET", "webhooks/recent").at("webhooks.0.type"), "ContactCreate");
  EXPECT_EQ(control("POST", "contacts/" + id + "/restore").status, 400U);
}

}  // namespace
}  // namespace lockstep::gohighlevel::sandbox
