//! One simulated process: an engine on the disk, its code, and the switch that ends it.

use std::sync::{Arc, Mutex};

use fusion_crashfs::Disk;

use super::bus::Hints;
use super::env::{Graves, World};
use super::machine::{Machine, Owner, lock};
use super::options::Sabotage;
use super::plan::Plan;
use super::rng::Rng;
use super::saboteur::Saboteur;
use super::script::Scripted;
use super::store::{Tap, Watched};
use super::team::{self, Member};
use super::witness::Witness;
use crate::contract::{Env, Store};
use crate::error::Result;
use crate::fusion::Fusion;
use crate::record::Memory;
use crate::record::sqlite::{self, Sqlite};
use crate::run::Options;

/// The file on the disk.
pub(super) const FILE: &str = "fusion.db";

/// What all processes of a world share.
pub(super) struct Ground {
    pub(super) plan: Plan,
    pub(super) machine: Arc<Machine>,
    pub(super) witness: Arc<Witness>,
    pub(super) disk: Disk,
    pub(super) graves: Graves,
    pub(super) sabotage: Option<Sabotage>,
    /// Whether the store is in memory: for the world to compare with, in which nothing goes wrong.
    pub(super) memory: bool,
}

/// A process that lives.
pub(super) struct Process {
    pub(super) owner: Owner,
    pub(super) tap: Arc<Tap>,
    store: Option<Arc<Sqlite>>,
    fusion: Arc<Mutex<Option<Fusion>>>,
}

impl Ground {
    fn world(&self, owner: Owner) -> Arc<World> {
        let peers = (&self.graves, self.plan.one_host);
        World::new(&self.witness, owner, self.plan.seed, peers)
    }

    /// Opens the file as a process does.
    pub(super) fn open(&self, owner: Owner) -> Result<(Arc<World>, Arc<Sqlite>)> {
        let world = self.world(owner);
        let env: Arc<dyn Env> = world.clone();
        let options = sqlite::Options::new(FILE).vfs(self.disk.vfs());
        Ok((world, Arc::new(Sqlite::inline(options, &env)?)))
    }

    /// Starts a process in a place.
    ///
    /// # Errors
    /// What the store says; then the process has not come up.
    pub(super) fn start(&self, owner: Owner, place: usize) -> Result<Process> {
        let (world, store) = if self.memory {
            (self.world(owner), None)
        } else {
            let (world, store) = self.open(owner)?;
            (world, Some(store))
        };
        let seed = self.plan.seed ^ u64::from(owner).rotate_left(40);
        let hints =
            Hints::new(Rng::new(seed, "hints"), self.plan.lost_percent, self.plan.doubled_percent);
        let tap = Tap::new(Rng::new(seed, "tap"), self.plan.slow, hints);
        let beneath: Arc<dyn Store> = match (&store, self.sabotage) {
            (None, _) => Arc::new(Memory::new()),
            (Some(store), Some(Sabotage::LyingSync) | None) => store.clone(),
            (Some(store), Some(sabotage)) => Arc::new(Saboteur::new(store.clone(), sabotage)),
        };
        let fusion = Arc::new(Mutex::new(None));
        self.boot((&world, place), beneath, &tap, &fusion);
        Ok(Process { owner, tap, store, fusion })
    }

    fn boot(
        &self,
        (world, place): (&Arc<World>, usize),
        inner: Arc<dyn Store>,
        tap: &Arc<Tap>,
        slot: &Arc<Mutex<Option<Fusion>>>,
    ) {
        let watched = Watched {
            inner,
            world: world.clone(),
            witness: self.witness.clone(),
            tap: tap.clone(),
        };
        let options = Options {
            hibernate: self.plan.hibernate,
            lease_ms: self.plan.lease_ms,
            ..Options::default()
        };
        let builder = Fusion::builder("simulated")
            .store(Arc::new(watched))
            .env(world.clone())
            .options(options);
        let member = self.plan.team.clone().map(|team| Member {
            world: world.clone(),
            witness: self.witness.clone(),
            tap: tap.clone(),
            team: Arc::new(team),
            place,
        });
        let (slot, tap) = (slot.clone(), tap.clone());
        let (world, witness) = (world.clone(), self.witness.clone());
        let (workflows, bodies) = (self.plan.workflows.clone(), self.plan.bodies.clone());
        let seed = self.plan.seed;
        let (machine, owner) = (self.machine.clone(), world.owner);
        let work = async move {
            let Ok(fusion) = builder.open().await else {
                tap.fail();
                return;
            };
            for name in bodies {
                let (world, witness) = (world.clone(), witness.clone());
                fusion.register(Scripted { name, seed, world, witness });
            }
            for graph in workflows {
                fusion.workflow(graph);
            }
            *lock(&slot) = Some(fusion.clone());
            if let Some(member) = member {
                team::begin(&fusion, &member);
            }
            if let Err(error) = fusion.recover().await {
                witness.say(owner, || format!("could not recover: {error}"));
                // As a program does: it ends, and whoever watches over it starts it again.
                tap.fail();
            }
        };
        machine.spawn(owner, Box::pin(work));
    }
}

impl Process {
    /// Gives the engine, when it is up. It must not outlive the process.
    pub(super) fn fusion(&self) -> Option<Fusion> {
        lock(&self.fusion).clone()
    }

    /// Looks whether others wrote.
    pub(super) fn look(&self) {
        if self.store.as_ref().is_some_and(|store| store.look().is_err()) {
            self.tap.fail();
        }
    }
}
