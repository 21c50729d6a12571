#include "net/detail/message_parser.hpp"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/optional.hpp>
#include <optional>
#include <string>
#include <type_traits>

namespace lockstep::net::detail {
namespace {

namespace http = boost::beast::http;
using boost::beast::string_view;
using ErrorCode = boost::beast::error_code;

// The sender names the length before it sends a byte, so only this much is reserved on its word.
constexpr std::uint64_t kBodyReserveLimit = 64 << 10;

template <bool is_request>
using Message = std::conditional_t<is_request, wire::HttpRequest, wire::HttpResponse>;

// Beast's state machine writing straight into a wire message.
template <bool is_request>
class Sink final : public http::basic_parser<is_request> {
 public:
  explicit Sink(const ParserLimits& limits)
      : header_limit_(limits.header_bytes_limit), fields_limit_(limits.header_fields_limit) {
    // Beast holds its limit against start line and fields apart, and against what happens to be in the buffer;
    // ours counts the whole head, so that the split into reads does not matter.
    this->header_limit(static_cast<std::uint32_t>(2 * limits.header_bytes_limit));
    this->body_limit(limits.body_bytes_limit);
  }

  // As basic_parser::put for the whole message, with the head's limit.
  std::size_t put_all(std::string_view bytes, ErrorCode& error) {
    std::size_t consumed = 0;
    while (!this->is_header_done()) {
      const std::size_t step = this->put({bytes.data() + consumed, bytes.size() - consumed}, error);
      consumed += step;
      head_bytes_ += step;
      const std::size_t waiting = this->is_header_done() ? 0 : bytes.size() - consumed;
      if (head_bytes_ + waiting > header_limit_) error = http::error::header_limit;
      if (error) return consumed;
    }
    if (this->is_done() || consumed == bytes.size()) return consumed;
    this->eager(true);
    return consumed + this->put({bytes.data() + consumed, bytes.size() - consumed}, error);
  }

  Message<is_request> message;
  bool expects_continue = false;
  int version = 11;  // 10 or 11

 private:
  void on_request_impl(http::verb, string_view method, string_view target, int number, ErrorCode&) override {
    version = number;
    if constexpr (is_request) {
      message.method.assign(method.data(), method.size());
      message.target.assign(target.data(), target.size());
    }
  }

  void on_response_impl(int code, string_view, int, ErrorCode& error) override {
    if constexpr (!is_request) message.status = static_cast<unsigned>(code);
    if (code < 100) error = http::error::bad_status;  // Beast takes any three digits
  }

  void on_field_impl(http::field name, string_view name_text, string_view value, ErrorCode& error) override {
    if (header_complete_) return;  // a trailer: never merged into the head (RFC 9110 section 6.5.1)
    if (++fields_ > fields_limit_) {
      error = http::error::header_limit;
      return;
    }
    if (name == http::field::host) ++hosts_;
    // A coding we do not decode leaves the length unknown: a door for request smuggling (RFC 9112 section 6.1).
    if (name == http::field::transfer_encoding && !wire::equal_without_case({value.data(), value.size()}, "chunked")) {
      error = http::error::bad_transfer_encoding;
      return;
    }
    if (name == http::field::expect && wire::equal_without_case({value.data(), value.size()}, "100-continue")) {
      expects_continue = true;
    }
    message.headers.add(std::string(name_text), std::string(value));
  }

  void on_header_impl(ErrorCode& error) override {
    header_complete_ = true;
    // RFC 9112 section 3.2: exactly one Host in HTTP/1.1.
    if (is_request && (hosts_ > 1 || (hosts_ == 0 && version >= 11))) error = http::error::bad_field;
  }

  void on_body_init_impl(const boost::optional<std::uint64_t>& length, ErrorCode&) override {
    if (length) message.body.reserve(static_cast<std::size_t>(std::min(*length, kBodyReserveLimit)));
  }

  std::size_t on_body_impl(string_view body, ErrorCode&) override {
    message.body.append(body.data(), body.size());
    return body.size();
  }

  void on_chunk_header_impl(std::uint64_t, string_view, ErrorCode&) override {}

  std::size_t on_chunk_body_impl(std::uint64_t, string_view body, ErrorCode&) override {
    message.body.append(body.data(), body.size());
    return body.size();
  }

  void on_finish_impl(ErrorCode&) override {}

  std::size_t header_limit_;
  std::size_t head_bytes_ = 0;
  std::size_t fields_limit_;
  std::size_t fields_ = 0;
  std::size_t hosts_ = 0;
  bool header_complete_ = false;
};

ParseStatus refusal(const ErrorCode& error) {
  if (error == http::error::header_limit) return ParseStatus::header_too_large;
  if (error == http::error::body_limit) return ParseStatus::body_too_large;
  return ParseStatus::malformed;
}

template <bool is_request>
ParseStep put_into(Sink<is_request>& sink, std::string_view bytes, std::string& trouble) {
  ErrorCode error;
  const std::size_t consumed = sink.put_all(bytes, error);
  if (error && error != http::error::need_more) {
    trouble = error.message();
    return {refusal(error), consumed};
  }
  return {sink.is_done() ? ParseStatus::done : ParseStatus::need_more, consumed};
}

template <bool is_request>
Persistence persistence_of(const Sink<is_request>& sink) {
  return sink.keep_alive() ? Persistence::keep_alive : Persistence::close;
}

}  // namespace

struct RequestParser::Impl {
  ParserLimits limits;
  std::optional<Sink<true>> sink;
  std::string trouble;
};

RequestParser::RequestParser(ParserLimits limits) : impl_(std::make_unique<Impl>()) {
  impl_->limits = limits;
  reset();
}
RequestParser::~RequestParser() = default;

void RequestParser::reset() { impl_->sink.emplace(impl_->limits); }
ParseStep RequestParser::put(std::string_view bytes) { return put_into(*impl_->sink, bytes, impl_->trouble); }
bool RequestParser::header_done() const { return impl_->sink->is_header_done(); }
bool RequestParser::expects_continue() const { return impl_->sink->expects_continue; }
Persistence RequestParser::persistence() const { return persistence_of(*impl_->sink); }
bool RequestParser::is_http_1_0() const { return impl_->sink->version < 11; }
wire::HttpRequest RequestParser::take() { return std::move(impl_->sink->message); }
std::string_view RequestParser::trouble() const { return impl_->trouble; }

struct ResponseParser::Impl {
  ParserLimits limits;
  std::optional<Sink<false>> sink;
  std::string trouble;
};

ResponseParser::ResponseParser(ParserLimits limits) : impl_(std::make_unique<Impl>()) {
  impl_->limits = limits;
  reset(ResponseBody::as_framed);
}
ResponseParser::~ResponseParser() = default;

void ResponseParser::reset(ResponseBody body) {
  impl_->sink.emplace(impl_->limits);
  impl_->sink->skip(body == ResponseBody::never);
}
ParseStep ResponseParser::put(std::string_view bytes) { return put_into(*impl_->sink, bytes, impl_->trouble); }

ParseStatus ResponseParser::put_eof() {
  if (impl_->sink->got_some()) {
    ErrorCode error;
    impl_->sink->put_eof(error);
    if (!error) return ParseStatus::done;
    impl_->trouble = error.message();
  } else {
    impl_->trouble = "closed before the first byte";
  }
  return ParseStatus::malformed;
}

unsigned ResponseParser::status() const { return impl_->sink->message.status; }
Persistence ResponseParser::persistence() const { return persistence_of(*impl_->sink); }
wire::HttpResponse ResponseParser::take() { return std::move(impl_->sink->message); }
std::string_view ResponseParser::trouble() const { return impl_->trouble; }

}  // namespace lockstep::net::detail
