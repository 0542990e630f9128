import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.curator.retry.ExponentialBackoffRetry;
import org.apache.zookeeper.ZooKeeper;

/** Curator's framework and its recipe of locks. Other requests go to its handle, without its retries. */
final class CuratorClient extends Client {
    private static final int RETRY_FIRST_MS = 50;
    private static final int RETRIES_MAX = 5;
    private final CuratorFramework curator;
    private final Map<String, Mutex> held = new HashMap<>();

    private CuratorClient(String servers, int timeoutMs) {
        curator = CuratorFrameworkFactory.builder()
                .connectString(servers)
                .sessionTimeoutMs(timeoutMs)
                .connectionTimeoutMs(timeoutMs)
                .retryPolicy(new ExponentialBackoffRetry(RETRY_FIRST_MS, RETRIES_MAX))
                // The znodes of its locks have the address of the machine otherwise.
                .defaultData(new byte[0])
                .build();
        curator.getConnectionStateListenable().addListener((framework, state) -> tell(state));
        curator.start();
    }

    /** SERVERS TIMEOUT_MS */
    public static void main(String[] args) throws Exception {
        new CuratorClient(args[0], Integer.parseInt(args[1])).serve();
    }

    private void tell(ConnectionState state) {
        switch (state) {
            case CONNECTED:
            case RECONNECTED:
                sayState("connected", handle());
                break;
            case SUSPENDED:
                sayState("disconnected", null);
                break;
            case LOST:
                sayState("expired", null);
                break;
            default:
        }
    }

    @Override
    ZooKeeper handle() {
        try {
            return curator.getZookeeperClient().getZooKeeper();
        } catch (Exception e) {
            return null;
        }
    }

    /** Recipes ask in the background, too. */
    @Override
    boolean isAlone() {
        return false;
    }

    @Override
    String lock(String path, long atMostMs) throws Exception {
        Mutex mutex = new Mutex(curator, path);
        if (!mutex.acquire(atMostMs, TimeUnit.MILLISECONDS)) return null;
        held.put(mutex.holder(), mutex);
        return mutex.holder();
    }

    @Override
    void unlock(String path) throws Exception {
        Mutex mutex = held.remove(path);
        if (mutex != null) mutex.release();
    }

    @Override
    void close() {
        curator.close();
    }

    private static final class Mutex extends InterProcessMutex {
        Mutex(CuratorFramework curator, String path) {
            super(curator, path);
        }

        String holder() {
            return getLockPath();
        }
    }
}
