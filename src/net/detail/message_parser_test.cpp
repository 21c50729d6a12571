#include "net/detail/message_parser.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

namespace lockstep::net::detail {
namespace {

// Offers the bytes in pieces of the given sizes (the last one repeats), as a connection does.
template <class Parser>
ParseStatus feed(Parser& parser, std::string_view bytes, const std::vector<std::size_t>& sizes, std::string& left) {
  std::string buffer;
  for (std::size_t piece = 0; !bytes.empty(); ++piece) {
    const std::size_t size = std::min(bytes.size(), sizes[std::min(piece, sizes.size() - 1)]);
    buffer += bytes.substr(0, size);
    bytes.remove_prefix(size);
    const ParseStep step = parser.put(buffer);
    buffer.erase(0, step.consumed);
    if (step.status != ParseStatus::need_more) {
      left = buffer + std::string(bytes);
      return step.status;
    }
  }
  left = buffer;
  return ParseStatus::need_more;
}

TEST(RequestParserTest, FillsTheMessageAndLeavesTheNextOneAlone) {
  RequestParser parser({});
  const std::string_view message =
      "PATCH /a?b=c HTTP/1.1\r\nHost: x\r\nX-A:  1 \r\nx-a: 2\r\nContent-Length: 2\r\n\r\nhi";
  const ParseStep step = parser.put(std::string(message) + "GET /");
  ASSERT_EQ(step.status, ParseStatus::done);
  EXPECT_EQ(step.consumed, message.size());
  EXPECT_EQ(parser.persistence(), Persistence::keep_alive);
  EXPECT_FALSE(parser.is_http_1_0());
  const wire::HttpRequest request = parser.take();
  EXPECT_EQ(request.method, "PATCH");
  EXPECT_EQ(request.target, "/a?b=c");
  EXPECT_EQ(request.body, "hi");
  EXPECT_EQ(request.headers.items(), (std::vector<std::pair<std::string, std::string>>{
                                         {"Host", "x"}, {"X-A", "1"}, {"x-a", "2"}, {"Content-Length", "2"}}));
}

TEST(RequestParserTest, TrailersAreNotMergedIntoTheHead) {
  RequestParser parser({});
  ASSERT_EQ(parser
                .put("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nz\r\n0\r\nX-Signature: "
                     "forged\r\n\r\n")
                .status,
            ParseStatus::done);
  const wire::HttpRequest request = parser.take();
  EXPECT_EQ(request.body, "z");
  EXPECT_FALSE(request.headers.has("X-Signature"));
}

TEST(RequestParserTest, KnowsWhenTheConnectionEnds) {
  for (const auto& [bytes, persistence] : std::vector<std::pair<std::string, Persistence>>{
           {"GET / HTTP/1.1\r\nHost: x\r\nConnection: Close\r\n\r\n", Persistence::close},
           {"GET / HTTP/1.0\r\n\r\n", Persistence::close},
           {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", Persistence::keep_alive},
       }) {
    RequestParser parser({});
    ASSERT_EQ(parser.put(bytes).status, ParseStatus::done);
    EXPECT_EQ(parser.persistence(), persistence) << bytes;
  }
}

TEST(RequestParserTest, ResetForgetsTheMessageBefore) {
  RequestParser parser({});
  ASSERT_EQ(parser.put("GET / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n").status, ParseStatus::done);
  EXPECT_TRUE(parser.expects_continue());
  parser.reset();
  EXPECT_FALSE(parser.header_done());
  ASSERT_EQ(parser.put("GET /2 HTTP/1.1\r\nHost: x\r\n\r\n").status, ParseStatus::done);
  EXPECT_FALSE(parser.expects_continue());
  EXPECT_EQ(parser.take().headers.items().size(), 1U);
}

TEST(RequestParserTest, TheHeadsLimitCountsTheWholeHeadHoweverItArrives) {
  const std::string fits = "GET / HTTP/1.1\r\nHost: x\r\nA: " + std::string(70, 'a') + "\r\n\r\n";
  ASSERT_EQ(fits.size(), 102U);
  for (const std::size_t piece : {1U, 7U, 50U, 1000U}) {
    std::string left;
    RequestParser exact({102, 10, 10});
    EXPECT_EQ(feed(exact, fits, {piece}, left), ParseStatus::done) << piece;
    RequestParser short_by_one({101, 10, 10});
    EXPECT_EQ(feed(short_by_one, fits, {piece}, left), ParseStatus::header_too_large) << piece;
  }
}

RC_GTEST_PROP(RequestParserTest, TheSplitIntoReadsChangesNothing, ()) {
  const auto body = *rc::gen::string<std::string>();
  const bool chunked = *rc::gen::arbitrary<bool>();
  std::string bytes = "POST /x HTTP/1.1\r\nHost: x\r\n";
  if (chunked) {
    bytes += "Transfer-Encoding: chunked\r\n\r\n";
    for (const char byte : body) bytes += std::string("1\r\n") + byte + "\r\n";
    bytes += "0\r\n\r\n";
  } else {
    bytes += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  bytes += "GET /next";
  const auto sizes =
      *rc::gen::nonEmpty(rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(1, 40)));
  RequestParser parser({});
  std::string left;
  RC_ASSERT(feed(parser, bytes, sizes, left) == ParseStatus::done);
  RC_ASSERT(left == "GET /next");
  RC_ASSERT(parser.take().body == body);
}

TEST(ResponseParserTest, HasNoBodyWhereThereIsNone) {
  for (const auto& [bytes, body] : std::vector<std::pair<std::string, ResponseBody>>{
           {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", ResponseBody::never},
           {"HTTP/1.1 204 No Content\r\n\r\n", ResponseBody::as_framed},
           {"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", ResponseBody::as_framed},
       }) {
    ResponseParser parser({});
    parser.reset(body);
    const ParseStep step = parser.put(bytes);
    EXPECT_EQ(step.status, ParseStatus::done) << bytes;
    EXPECT_EQ(step.consumed, bytes.size());
    EXPECT_EQ(parser.take().body, "");
  }
}

TEST(ResponseParserTest, OnlyAnUnframedBodyEndsWithTheConnection) {
  for (const auto& [bytes, status] : std::vector<std::pair<std::string, ParseStatus>>{
           {"HTTP/1.1 200 OK\r\n\r\nabc", ParseStatus::done},
           {"HTTP/1.1 200 OK\r\n\r\n", ParseStatus::done},
           {"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc", ParseStatus::malformed},
           {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", ParseStatus::malformed},
           {"HTTP/1.1 200 OK\r\nA: b", ParseStatus::malformed},
           {"", ParseStatus::malformed},
       }) {
    ResponseParser parser({});
    parser.reset(ResponseBody::as_framed);
    if (!bytes.empty()) {
      ASSERT_EQ(parser.put(bytes).status, ParseStatus::need_more) << bytes;
    }
    EXPECT_EQ(parser.put_eof(), status) << bytes;
  }
}

TEST(ResponseParserTest, AStatusBelow100IsMalformed) {
  ResponseParser parser({});
  EXPECT_EQ(parser.put("HTTP/1.1 005 OK\r\nContent-Length: 0\r\n\r\n").status, ParseStatus::malformed);
}

TEST(ResponseParserTest, AnUnframedBodyIsBoundedToo) {
  ResponseParser parser({1000, 10, 100});
  std::string left;
  EXPECT_EQ(feed(parser, "HTTP/1.1 200 OK\r\n\r\n" + std::string(101, 'x'), {30}, left), ParseStatus::body_too_large);
  EXPECT_LE(parser.take().body.size(), 100U);
}

}  // namespace
}  // namespace lockstep::net::detail
