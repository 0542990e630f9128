import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooKeeper;

/** Java's own client, as an application uses it: a new handle when its session has expired. */
final class PlainClient extends Client implements Watcher {
    private final String servers;
    private final int timeoutMs;
    private volatile ZooKeeper zk;

    private PlainClient(String servers, int timeoutMs) {
        this.servers = servers;
        this.timeoutMs = timeoutMs;
    }

    /** SERVERS TIMEOUT_MS */
    public static void main(String[] args) throws Exception {
        PlainClient client = new PlainClient(args[0], Integer.parseInt(args[1]));
        client.begin();
        client.serve();
    }

    private synchronized void begin() throws Exception {
        zk = new ZooKeeper(servers, timeoutMs, this);
    }

    /** Waits for begin(), which the first event may overtake. */
    private synchronized ZooKeeper begun() {
        return zk;
    }

    @Override
    public void process(WatchedEvent event) {
        if (event.getType() != Event.EventType.None) return;
        switch (event.getState()) {
            case SyncConnected:
                sayState("connected", begun());
                break;
            case Disconnected:
                sayState("disconnected", null);
                break;
            case Expired:
                sayState("expired", begun());
                try {
                    begin();
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
                break;
            default:
        }
    }

    @Override
    ZooKeeper handle() {
        return zk;
    }

    @Override
    boolean isAlone() {
        return true;
    }

    @Override
    String lock(String path, long atMostMs) {
        throw new UnsupportedOperationException("it has no recipe of locks");
    }

    @Override
    void unlock(String path) {
        throw new UnsupportedOperationException("it has no recipe of locks");
    }

    @Override
    void close() throws Exception {
        begun().close();
    }
}
