#include "app/server/table_reader.hpp"

namespace lockstep::app {
namespace {

Task<void> run([[maybe_unused]] std::shared_ptr<connector::Connector> alive, connector::Tables* tables,
               connector::TableRead read, TableReader::Done done) {
  Task<connector::TableResult> reading = tables->read(std::move(read));
  connector::TableResult result = co_await reading;
  done(std::move(result));
}

}  // namespace

TableReader::~TableReader() {
  if (reads_->idle()) return;
  std::shared_ptr<TaskScope> rest = std::move(reads_);
  TaskScope& scope = *rest;
  scope.on_idle([rest = std::move(rest)]() mutable { rest.reset(); });
}

void TableReader::read(std::shared_ptr<connector::Connector> connector, connector::TableRead read, Done done) {
  connector::Tables* tables = connector == nullptr ? nullptr : connector->tables();
  if (tables == nullptr) {
    return done(std::unexpected(
        connector::TableFailure{{ErrorKind::not_found, "there is no such system, or it has no tables", {}}, ""}));
  }
  reads_->spawn(run(std::move(connector), tables, std::move(read), std::move(done)));
}

}  // namespace lockstep::app
