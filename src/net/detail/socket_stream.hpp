// One TCP connection, with or without TLS on it, as one type: connections choose at run time and are
// not templates. Includes Asio: only for .cpp files of this module.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace lockstep::net::detail {

namespace asio = boost::asio;
using boost::system::error_code;
// The concrete executor instead of any_io_executor: no indirect call per operation.
using TcpSocket = asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type>;
using TcpAcceptor = asio::basic_socket_acceptor<asio::ip::tcp, asio::io_context::executor_type>;
using TcpEndpoint = asio::ip::tcp::endpoint;

// Pieces of output as an Asio buffer sequence, without copying the list.
class PieceBuffers {
 public:
  class Iterator {
   public:
    using iterator_category = std::bidirectional_iterator_tag;
    using value_type = asio::const_buffer;
    using difference_type = std::ptrdiff_t;
    using pointer = const asio::const_buffer*;
    using reference = asio::const_buffer;

    Iterator() = default;
    explicit Iterator(const std::string_view* at) : at_(at) {}
    asio::const_buffer operator*() const { return {at_->data(), at_->size()}; }
    Iterator& operator++() { return ++at_, *this; }
    Iterator operator++(int) { return Iterator(at_++); }
    Iterator& operator--() { return --at_, *this; }
    Iterator operator--(int) { return Iterator(at_--); }
    friend bool operator==(Iterator, Iterator) = default;

   private:
    const std::string_view* at_ = nullptr;
  };

  explicit PieceBuffers(std::span<const std::string_view> pieces) : pieces_(pieces) {}
  Iterator begin() const { return Iterator(pieces_.data()); }
  Iterator end() const { return Iterator(pieces_.data() + pieces_.size()); }

 private:
  std::span<const std::string_view> pieces_;
};

class SocketStream {
 public:
  explicit SocketStream(TcpSocket socket) : socket_(std::move(socket)) {}
  SocketStream(const SocketStream&) = delete;
  SocketStream& operator=(const SocketStream&) = delete;

  TcpSocket& socket() { return socket_; }
  bool is_open() const { return socket_.is_open(); }

  // From here on everything goes through TLS; the handshake comes next.
  asio::ssl::stream<TcpSocket&>& start_tls(asio::ssl::context& context) {
    tls_ = std::make_unique<asio::ssl::stream<TcpSocket&>>(socket_, context);
    return *tls_;
  }
  asio::ssl::stream<TcpSocket&>* tls() { return tls_.get(); }

  template <class Done>
  void async_read_some(asio::mutable_buffer into, Done&& done) {
    if (tls_) {
      tls_->async_read_some(into, std::forward<Done>(done));
    } else {
      socket_.async_read_some(into, std::forward<Done>(done));
    }
  }

  template <class Done>
  void async_write_some(std::span<const std::string_view> pieces, Done&& done) {
    if (tls_) {
      tls_->async_write_some(PieceBuffers(pieces), std::forward<Done>(done));
    } else if (pieces.size() == 1) {
      socket_.async_write_some(asio::const_buffer(pieces[0].data(), pieces[0].size()), std::forward<Done>(done));
    } else {
      socket_.async_write_some(PieceBuffers(pieces), std::forward<Done>(done));
    }
  }

  void close() {
    error_code ignored;  // the descriptor is released whatever close() reports
    socket_.close(ignored);
  }

 private:
  TcpSocket socket_;
  std::unique_ptr<asio::ssl::stream<TcpSocket&>> tls_;
};

}  // namespace lockstep::net::detail
