// One life of the Lockstep process: the real hub, store, quota and connectors on simulated loop, disk and network. It
// begins with opening the store, and ends with a crash: nothing of what it does afterwards reaches the world.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "connector/metered_http.hpp"
#include "hub/hub.hpp"
#include "simulation/network.hpp"
#include "simulation/sim_disk.hpp"
#include "simulation/sim_loop.hpp"
#include "simulation/sim_vfs.hpp"
#include "store/sqlite_store.hpp"

namespace lockstep::simulation {

inline constexpr const char* kStorePath = "lockstep.db";

struct LifeParts {
  Timeline* timeline = nullptr;
  Network* network = nullptr;
  SimDisk* store_disk = nullptr;
  SimDisk* database_disk = nullptr;
  std::uint64_t seed = 0;
  std::shared_ptr<const sync::Catalog> catalog;
  JsonObject crm_settings;
  std::chrono::milliseconds database_poll{500};
  std::chrono::milliseconds poll_every{300'000};
  hub::GuardSettings guard;
  SimThread::JobTime disk_time;                                     // of one job with a disk
  std::function<void()> after_database;                             // after each job that had the business's database
  std::function<void(const connector::WriteRequest&)> handed_over;  // each write to the CRM, when its connector gets it
  std::function<void(const connector::WriteRequest&)> wrote_unread;  // before the CRM was asked what happened meanwhile
  Trace* trace = nullptr;
};

class Life {
 public:
  explicit Life(LifeParts parts);
  ~Life();
  Life(const Life&) = delete;
  Life& operator=(const Life&) = delete;

  // Fails when the store can not be opened; then the life can only end.
  Result<void> begin();
  bool begun() const { return hub_ != nullptr; }

  // Cuts the process off from the world at this instant. Callable from anywhere, also from inside an operation.
  void kill();
  bool dead() const { return vfs_.killed(); }

  // A webhook's request; `answer` is called exactly once, with nullopt when the process dies before it answers.
  using HookAnswer = std::function<void(std::optional<unsigned>, const std::vector<sync::Applied>&)>;
  void take_webhook(wire::HttpRequest request, HookAnswer answer);
  using EditAnswer = std::function<void(std::optional<Result<std::vector<sync::Applied>>>)>;
  void submit(std::vector<sync::Input> inputs, EditAnswer answer);

  enum class Connectors { kept, replaced };
  void reload(std::shared_ptr<const sync::Catalog> catalog, Connectors connectors = Connectors::kept);
  void jump_clock(Duration skew) { loop_.set_skew(skew); }

  hub::Hub& hub() { return *hub_; }
  store::Reader& reader() { return *reader_; }

 private:
  class State;
  hub::Setup make_setup(std::shared_ptr<const sync::Catalog> catalog);
  std::unique_ptr<connector::WorkerPort> make_worker();
  void bury();

  LifeParts parts_;
  SeededRandom loop_random_;
  SeededRandom random_;
  SimLoop loop_;
  SimVfs vfs_;
  std::unique_ptr<Log> log_;
  NetworkLink link_;
  connector::Quota quota_;
  connector::MeteredHttp http_;
  std::vector<std::shared_ptr<const sync::Catalog>> catalogs_;  // settings point into them
  std::vector<std::unique_ptr<State>> states_;
  std::map<SystemName, std::pair<std::string, std::shared_ptr<connector::Connector>>> connectors_;
  SimThread writer_;
  SimThread readers_;
  std::unique_ptr<store::SqliteStore> store_;
  std::unique_ptr<store::Reader> reader_;
  std::unique_ptr<hub::Hub> hub_;
  std::map<std::uint64_t, std::function<void()>> waiting_;  // answers that are owed, and what is said when we die
  std::uint64_t last_waiting_ = 0;
};

// Makes the tables and triggers of the business's database, as `lockstep migrate` does.
void migrate_database(Timeline& timeline, SimDisk& disk, const std::shared_ptr<const sync::Catalog>& catalog);

}  // namespace lockstep::simulation
