using System.Text;
using InfluxMirror.Delivery;
using InfluxMirror.Tests.Delivery;
using InfluxMirror.Writes;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace InfluxMirror.Tests.Writes;

/// <summary>What a client is told depends on what the destinations said, not on who said it first.</summary>
public sealed class ArrivalOrderTests
{
    private static readonly int[][] Orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

    [Theory]
    [InlineData(ConsistencyLevel.Any)]
    [InlineData(ConsistencyLevel.One)]
    [InlineData(ConsistencyLevel.Quorum)]
    [InlineData(ConsistencyLevel.All)]
    public async Task The_answer_the_letters_and_the_withdrawal_are_the_same_in_every_order(ConsistencyLevel level)
    {
        await using TestCluster cluster = new("a", "b", "c");
        const string Fates = "crpu";
        foreach (char first in Fates)
        {
            foreach (char second in Fates)
            {
                foreach (char third in Fates)
                {
                    string said = new([first, second, third]);
                    string[] told = [.. Orders.Select(order => Tell(cluster, level, said, order)).Distinct()];
                    Assert.True(told.Length == 1, $"{level} {said}: {string.Join(" | ", told)}");
                }
            }
        }
    }

    private static string Tell(TestCluster cluster, ConsistencyLevel level, string said, int[] order)
    {
        Receipt receipt = new(cluster.Cluster, level, statement: false, TimeProvider.System, NullLogger.Instance);
        MirroredRecord record = Records.Write("x", "m v=1 1", watch: receipt);
        record.Hold();
        long letters = cluster.Cluster.Letters.Filed;
        List<string> filed = [];
        foreach (int n in order)
        {
            Courier courier = cluster.Cluster.Couriers[n];
            if (said[n] == 'c')
                receipt.Delivered(courier, record, Answer(204, ""));
            else if (said[n] == 'u')
                receipt.Unavailable(courier, record);
            else if (receipt.Refused(
                courier, record, Answer(said[n] == 'p' ? 404 : 400, $"{courier.Destination} says no"), said[n] == 'p'))
                filed.Add(courier.Destination);
        }

        receipt.TimeIsUp(record);
        Assert.True(receipt.Reply.IsCompletedSuccessfully);
        Reply reply = receipt.Reply.GetAwaiter().GetResult();
        filed.AddRange(cluster.Cluster.Letters.List()
            .Where(one => one.Id > letters).Select(static one => one.Destination));
        return $"{reply.Ruling} {reply.Answer?.Status} {reply.Answer?.Error} "
            + $"letters {string.Join(',', filed.Order())}{(record.IsWithdrawn ? " withdrawn" : "")}";
    }

    private static DestinationAnswer Answer(int status, string error) =>
        new(status, Encoding.UTF8.GetBytes(error), []);
}
