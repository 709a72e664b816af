//! The cheapest assignment of rows to columns (Hungarian method).

/// For each row the column that it gets in an assignment of lowest total cost, `None` for the rows
/// that are left over where there are fewer columns. `costs` holds finite numbers, row by row. Kuhn
/// (1955) and Munkres (1957) with shortest augmenting paths: time `rows * columns * min(rows,
/// columns)`.
pub(crate) fn assign(costs: &[f64], rows: usize, columns: usize) -> Vec<Option<usize>> {
    if rows <= columns {
        let owners = owners_of_columns(|row, column| costs[row * columns + column], rows, columns);
        let mut assigned = vec![None; rows];
        for (column, owner) in owners.into_iter().enumerate() {
            if let Some(row) = owner {
                assigned[row] = Some(column);
            }
        }
        assigned
    } else {
        owners_of_columns(|row, column| costs[column * columns + row], columns, rows)
    }
}

/// For each column the row that it is given to; there are at least as many columns as rows.
fn owners_of_columns(
    cost: impl Fn(usize, usize) -> f64,
    rows: usize,
    columns: usize,
) -> Vec<Option<usize>> {
    // Prices that keep `cost - row_price - column_price` at 0 for given pairs and above for others.
    let mut row_prices = vec![0.0; rows];
    let mut column_prices = vec![0.0; columns];
    let mut owners: Vec<Option<usize>> = vec![None; columns];
    for new_row in 0..rows {
        // Dijkstra's search for the cheapest way from the new row to a free column.
        let mut distances = vec![f64::INFINITY; columns];
        let mut came_from: Vec<Option<usize>> = vec![None; columns];
        let mut visited = vec![false; columns];
        let (mut row, mut last, mut reached) = (new_row, None, 0.0);
        let free = loop {
            let mut nearest: Option<usize> = None;
            for column in 0..columns {
                if visited[column] {
                    continue;
                }
                let way = reached + cost(row, column) - row_prices[row] - column_prices[column];
                if way < distances[column] {
                    distances[column] = way;
                    came_from[column] = last;
                }
                if nearest.is_none_or(|best| distances[column] < distances[best]) {
                    nearest = Some(column);
                }
            }
            let Some(column) = nearest else {
                return owners;
            };
            visited[column] = true;
            (last, reached) = (Some(column), distances[column]);
            match owners[column] {
                Some(owner) => row = owner,
                None => break column,
            }
        };
        for column in (0..columns).filter(|column| visited[*column]) {
            let gain = reached - distances[column];
            column_prices[column] -= gain;
            if let Some(owner) = owners[column] {
                row_prices[owner] += gain;
            }
        }
        row_prices[new_row] += reached;
        // Passes the columns on along the way.
        let mut column = free;
        while let Some(before) = came_from[column] {
            owners[column] = owners[before];
            column = before;
        }
        owners[column] = Some(new_row);
    }
    owners
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    /// Lowest total cost of giving every row of the shorter side a partner, by trying all.
    fn lowest(costs: &[Vec<f64>], row: usize, used: &mut Vec<bool>) -> f64 {
        if row == costs.len() {
            return 0.0;
        }
        let mut best = f64::INFINITY;
        for column in 0..used.len() {
            if !used[column] {
                used[column] = true;
                best = best.min(costs[row][column] + lowest(costs, row + 1, used));
                used[column] = false;
            }
        }
        best
    }

    proptest! {
        #[test]
        fn no_assignment_is_cheaper(
            (rows, columns, costs) in (1usize..6, 1usize..6).prop_flat_map(|(rows, columns)| {
                // Few different costs, so that many assignments tie.
                (Just(rows), Just(columns), vec(prop_oneof![-5i32..5, 0i32..2], rows * columns))
            })
        ) {
            let costs: Vec<f64> = costs.into_iter().map(f64::from).collect();
            let assigned = assign(&costs, rows, columns);
            let mut taken: Vec<usize> = assigned.iter().flatten().copied().collect();
            taken.sort_unstable();
            taken.dedup();
            prop_assert_eq!(taken.len(), rows.min(columns), "every partner once");
            let pairs = assigned.iter().enumerate();
            let total: f64 = pairs
                .filter_map(|(row, column)| Some(costs[row * columns + (*column)?]))
                .sum();
            let table: Vec<Vec<f64>> = if rows <= columns {
                costs.chunks(columns).map(<[f64]>::to_vec).collect()
            } else {
                (0..columns).map(|c| (0..rows).map(|r| costs[r * columns + c]).collect()).collect()
            };
            let best = lowest(&table, 0, &mut vec![false; rows.max(columns)]);
            prop_assert_eq!(total, best);
        }
    }

    #[test]
    fn nothing_is_assigned_to_nothing() {
        assert_eq!(assign(&[], 0, 3), []);
        assert_eq!(assign(&[], 2, 0), [None, None]);
    }
}
